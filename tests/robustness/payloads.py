"""Specs that want more than to describe a network: to run code, to read or write files, to reach the network."""

CALL = "__import__('os').system('touch pwned')"
_TAGS = (
    "!!python/object/apply:os.system ['touch pwned']",
    "!!python/object/new:subprocess.Popen [['touch', 'pwned']]",
    "!!python/name:os.system",
    "!!python/module:this",
    "!!python/object:mnistspec.language.spec.Spec {}",
    "!!python/tuple [1]",
    "!!binary cHduZWQ=",
    "!<tag:yaml.org,2002:python/object/apply:eval> ['1']",
    "!env HOME",
    "!include /etc/passwd",
    "!!set {a}",
    "!!timestamp 2001-01-01",
    "!!js/function 'x'",
)
_TEXTS = (
    CALL,
    f"eval({CALL!r})",
    f"lambda: {CALL}",
    "{0.__class__.__mro__[1].__subclasses__}",
    "{self.__init__.__globals__}",
    "%(os)s",
    "${HOME}",
    "${env:HOME}",
    "${jndi:ldap://127.0.0.1/a}",
    "$(touch pwned)",
    "`touch pwned`",
    "{{ config.__class__ }}",
    "{% import os %}",
    "torch.nn.Linear",
    "os.system",
    "os:system",
    "mnistspec.cli.app:main",
    "nn.Sequential(*[])",
    "__class__",
    "__init__",
    "__dict__",
    "file:///etc/passwd",
    "http://127.0.0.1/spec.yaml",
    "| touch pwned",
    "../../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows",
    "\\\\host\\share",
    "a\0b",
)
# Each place in which a text could be taken for more than a text.
_PLACES = (
    "name: {}\nlayers: [conv: 10, gap]\n",
    "title: {}\nlayers: [conv: 10, gap]\n",
    "data: {}\nlayers: [conv: 10, gap]\n",
    "extends: {}\n",
    "layers: [{}, gap]\n",
    "layers: [{}: 10, gap]\n",
    "layers: [conv: {}, gap]\n",
    "layers: [conv: {{out_channels: {}}}, gap]\n",
    "layers: [conv: {{{}: 10}}, gap]\n",
    "layers: {}\n",
    "{}: 1\nlayers: [conv: 10, gap]\n",
    "blocks: {{{}: {{layers: [relu]}}}}\nlayers: [conv: 10, gap]\n",
    "blocks: {{g: {{parameters: {{p: {}}}, layers: [conv: $p]}}}}\nlayers: [g, gap]\n",
    "layers: [conv: 10, gap]\ntrain: {{optimizer: {}}}\n",
    "layers: [conv: 10, gap]\ntrain: {{optimizer: {{{}: 0.1}}}}\n",
    "layers: [conv: 10, gap]\ntrain: {{scheduler: {}}}\n",
    "layers: [conv: 10, gap]\ntrain: {{augment: [{}]}}\n",
    "layers: [conv: 10, gap]\ntrain: {{seed: {}}}\n",
    "layers: [conv: 10, gap]\ntargets: {{{}: 1}}\n",
)


def quoted(text: str) -> str:
    """Return a text as a YAML scalar."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\0") + '"'


PAYLOADS = [place.format(word) for place in _PLACES for word in (*_TAGS, *map(quoted, _TEXTS))]
SETTINGS = [f"{key}={text}" for key in ("name", "title", "data", "extends", "layers", "train.seed") for text in _TEXTS]
