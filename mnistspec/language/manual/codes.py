"""The codes of spec errors: stable, and explained at length for those who ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """What a kind of error is called, and what it means and what to do about it."""

    title: str
    explanation: str


CODES = {
    "E100": Code(
        "the file cannot be opened",
        "There is no such file, it is a folder, or it may not be read. Other files that were named with it are "
        "checked all the same.",
    ),
    "E101": Code(
        "the file is too large",
        "A spec is small: at most 128 KiB, 12,000 keys and values, and lists and mappings nested 24 deep. The "
        "limits are checked before anything is built from the file, so that a damaged or hostile one costs "
        "nothing. Name a group under blocks: for layers that come again, or put what several specs share into "
        "one that they extend.",
    ),
    "E102": Code(
        "the text is not plain UTF-8",
        "Specs are UTF-8 text, with or without a byte order mark at the start. Other encodings (UTF-16, "
        "Latin-1), control characters and byte order marks inside the text are refused, for other tools would "
        "read something else. Save the file as UTF-8 in your editor.",
    ),
    "E103": Code(
        "the file is not YAML",
        "The text breaks YAML's own rules at the place shown, so nothing after it can be read. The usual "
        "reasons are a tab as indentation, a missing space behind a colon, a bracket or quote that is not "
        "closed, items of one list that do not begin in the same column, and text with a colon in it that is "
        "not in quotes.",
    ),
    "E104": Code(
        "the file is not one mapping of words",
        "A spec is one YAML document, a mapping whose keys are single words. An empty file, a second document "
        "after a line of three dashes, and keys that are lists or mappings are errors.",
    ),
    "E105": Code(
        "a part of YAML that specs do not have",
        "Tags (!!int), anchors (&a), aliases (*a), merge keys (<<) and directives (%TAG) are refused. They "
        "can run code, explode or hide what a file says. Write values out; use defaults:, a group under "
        "blocks: or extends: for what would be repeated; put text that begins with one of these characters in "
        "quotes.",
    ),
    "E106": Code(
        "a key is there twice",
        "One mapping has the same key twice. Most readers of YAML silently keep the last one, so that half of "
        "what a file says is lost. Keep the one that you mean.",
    ),
    "E107": Code(
        "a number that is read differently elsewhere",
        "A number that begins with 0 is octal for some readers of YAML (010 is 8) and decimal for others, and "
        "a number of more than 100 digits is not a number for all. Write the number without the zeros, or put "
        "it in quotes if it is text.",
    ),
    "E201": Code(
        "an unknown key",
        "The part of the spec does not have this key. It is an error and not ignored, because a misspelled "
        "key would train another network than the one you wrote. The message lists the keys that exist, or "
        "the one that you probably meant.",
    ),
    "E202": Code(
        "a key is missing",
        "The part of the spec cannot be understood without this key, and there is no default that would be "
        "right: how many filters a conv has, how far a rotation goes.",
    ),
    "E203": Code(
        "a value of the wrong kind or out of range",
        'The key exists, but not with such a value. Types are strict: 16 is a number and "16" is text; true '
        "and false are the only switches, since in YAML 1.2 yes and no are text; 3.0 is not a whole number.",
    ),
    "E204": Code(
        "an unknown word",
        "There is no block, optimizer, scheduler, augmentation or data set of that name. The names are closed "
        "lists: a spec never names a Python class. The message offers the name that you probably meant, and "
        "checks the rest of the file as if you had written it.",
    ),
    "E205": Code(
        "values that contradict each other",
        "Each value is fine by itself, but not together with another one, such as nesterov without a "
        "momentum, or a warm-up that is longer than the run.",
    ),
    "E206": Code(
        "not one named thing",
        "A block, optimizer, scheduler or augmentation is written as its name alone (relu), with its one "
        "obvious value (conv: 8), or with its keys (conv: {out_channels: 8}). Two names in one place usually "
        "mean that a dash is missing, or that keys are not indented further than the name that they belong "
        "to.",
    ),
    "E207": Code(
        "a group that cannot be",
        "A group under blocks: has a name of its own that no block has, does not use itself, and refers as "
        "$name to its own parameters only.",
    ),
    "E208": Code(
        "declared and never used",
        "A group, a parameter, a default or a target that nothing needs is an error: it is nearly always a "
        "misspelling, or what is left of an earlier version. Use it or remove it. In a spec that extends "
        "another, null removes what was inherited.",
    ),
    "E209": Code(
        "extends leads nowhere",
        "extends: takes the path of one spec, relative to the file that says it. The file must exist, and a "
        "spec may not extend itself, directly or through others. A spec in a run folder extends nothing: it "
        "is complete.",
    ),
    "E301": Code(
        "a block does not fit what comes before it",
        "The shape that reaches the block is not one that it can take: a kernel or pool larger than its map, "
        "features where a map is needed or the other way around, or groups that do not divide the channels. "
        "The message says what came in, and from which line.",
    ),
    "E302": Code(
        "the output is not one score per class",
        "The last layer must give one number for each class. End with gap or flatten if the last map has as "
        "many channels as there are classes; otherwise with gap and an fc.",
    ),
    "E303": Code(
        "a batch of one image for batch norm",
        "Batch norm divides by the spread of its values; with one image and a map of one pixel there is one "
        "value a channel, and no spread. It would fail at the end of the first epoch, where a single image is "
        "left over. Choose another batch_size.",
    ),
    "E304": Code(
        "the network is too large",
        "Networks may have 500 blocks, 65,536 channels, 50 million parameters, 20 billion "
        "multiply-accumulates an image and 16 million values in one map, and groups may be nested 16 deep. The limits "
        "are checked by arithmetic, before any memory is taken.",
    ),
    "E401": Code(
        "a target that no training can reach",
        "With --strict-targets, a target that is missed before the training begins is an error: more parameters "
        "than max_params, more epochs than max_epochs, or last_epochs larger than the number of epochs. Without "
        "the option such a spec is valid; its run reports the target as missed.",
    ),
}
