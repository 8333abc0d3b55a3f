"""What is known of the specs that ship: one list for all tests."""

from __future__ import annotations

from typing import NamedTuple


class Totals(NamedTuple):
    """Parameters, multiply-accumulates of one image, and the side of what the last layer sees."""

    params: int
    macs: int
    field: int


SHIPPED = {
    "beyond": Totals(7_480, 1_031_808, 28),
    "step0": Totals(6_379_786, 158_980_608, 40),
    "step1": Totals(4_572, 917_856, 28),
    "step2": Totals(5_088, 946_656, 28),
    "step3": Totals(5_088, 946_656, 28),
    "step4": Totals(5_088, 938_126, 28),
    "step5": Totals(6_124, 977_920, 28),
    "step6": Totals(6_720, 988_576, 28),
}
