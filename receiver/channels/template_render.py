"""The child that tries templates on the worst samples: `python -m receiver.channels.template_render NAME …`.

Prints one JSON object per line: `{"at": …}` before each attempt, `{"fault": …}` for what is wrong. It is killed by the processor's clock
when one attempt takes too long; `template_check` then knows by the last line which one it was.
"""

import json
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import Environment, UndefinedError

from receiver.channels.entities import find_problem
from receiver.channels.render import FAILURES, FILES, FRAMES, LANGUAGES, make_environment, template_name
from receiver.channels.template_samples import contexts

BUDGET = 0.25  # seconds of processor time for one text
MEMORY = 64 << 20
LARGEST = 64_000
_TOTAL = 60  # seconds of processor time for everything
_UNNAMED = 1


def main(names: list[str]) -> None:
    """Try every named template; their texts come as JSON on the standard input."""
    environment = make_environment(json.loads(sys.stdin.read()))
    _limit()
    for kind in FILES:
        for language in LANGUAGES:
            name = template_name(kind, language)
            if name in names:
                _try(environment, name, kind, language)


def _limit() -> None:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if Path("/proc/self/statm").exists() else 0
    if held:
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_TOTAL, _TOTAL))


def _try(environment: Environment, name: str, kind: str, language: str) -> None:
    for sample, context in contexts(kind, language):
        _say({"at": [name, sample]})
        signal.setitimer(signal.ITIMER_PROF, BUDGET)
        found = _attempt(environment, name, sample, context)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if found is not None:
            _say({"fault": found})
            return  # the other samples would say the same


def _attempt(environment: Environment, name: str, sample: str, context: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        markup = environment.get_template(name).render(**context)
    except (MemoryError, RecursionError) as error:
        what = "memory" if isinstance(error, MemoryError) else "depth"
        return _fault(name, _UNNAMED, f"the template takes too much {what} ({sample})", "no text may grow by itself, no file may include itself")
    except UndefinedError as error:
        return _fault(*_place(error, name), f"{error.message} ({sample})", "use a fact that is always there, or ask for it by `is defined`")
    except FAILURES as error:
        return _fault(*_place(error, name), f"it fails: {error} ({sample})", "see what this line does with missing or odd values")
    size = len(markup.encode("utf-8", "replace"))
    if size > LARGEST:
        return _fault(name, _UNNAMED, f"the text has {size} bytes ({sample})", f"keep it within {LARGEST}, Telegram shows 4096 characters")
    problem = None if name.partition(".")[0] in FRAMES else find_problem(markup)
    if problem is None:
        return None
    near = markup[max(0, problem.offset - 20) : problem.offset + 20].replace("\n", " ")
    return _fault(name, _UNNAMED, f"Telegram would refuse the text ({sample}): {problem.message} near “{near}”", problem.hint, problem.token)


def _place(error: BaseException, name: str) -> tuple[str, int]:
    """The innermost line of a template that was running."""
    file, line, step = name, _UNNAMED, error.__traceback__
    while isinstance(step, TracebackType):
        if step.tb_frame.f_code.co_filename.endswith(".j2"):
            file, line = step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next
    return file, line


def _fault(file: str, line: int, message: str, hint: str, word: str = "") -> Mapping[str, Any]:
    return {"file": file, "line": line, "message": message, "hint": hint, "word": word}


def _say(content: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
