"""What every written page shares: templates that escape, a policy for its own style alone, inlined figures."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

TEMPLATES = Path(__file__).parent / "templates"


def template(name: str) -> Template:
    """Return the template `name`; everything put into it is escaped, Markdown too: its readers turn it into HTML."""
    return _environment().get_template(name)


def stylesheet(*names: str) -> str:
    """Return the style sheets `names` as one text."""
    return "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def content_security_policy(style: str, script: str | None = None) -> str:
    """Return a policy that loads nothing, and admits `style` and `script` alone; without a script nothing runs."""
    admitted = f"style-src '{_digest(style)}'" + (f"; script-src '{_digest(script)}'" if script else "")
    return f"default-src 'none'; img-src data:; {admitted}; base-uri 'none'; form-action 'none'"


def script_digest(script: Path) -> str:
    """Return how a policy names the script file `script` where a page has it inlined."""
    return _digest(script.read_text(encoding="utf-8"))


def data_uri(figure: Path) -> str | None:
    """Return the PNG file `figure` as a data URI, None when there is none."""
    if not figure.is_file():
        return None
    return "data:image/png;base64," + base64.b64encode(figure.read_bytes()).decode()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    # one for all, so that a template is compiled once
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
