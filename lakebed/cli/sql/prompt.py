"""The prompt: history, completion of keywords and of what the catalog holds, a few commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from lakebed.cli.aws import ApiError, UnreachableError
from lakebed.cli.sql import show
from lakebed.cli.sql.athena import Athena, StatementError, table_names
from lakebed.cli.sql.statements import is_whole, split

KEYWORDS = """
SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET JOIN LEFT RIGHT FULL INNER CROSS ON USING UNION
INTERSECT EXCEPT WITH AS DISTINCT CASE WHEN THEN ELSE END AND OR NOT IN BETWEEN LIKE IS NULL EXISTS
CAST CREATE EXTERNAL TABLE VIEW DATABASE DROP ALTER SHOW TABLES COLUMNS PARTITIONS DESCRIBE INSERT
INTO VALUES UNLOAD PARTITIONED STORED PARQUET LOCATION TBLPROPERTIES MSCK REPAIR EXPLAIN
""".split()  # noqa: SIM905 - a list of words to read
HELP = """\
A statement ends with a semicolon.  Commands:
  \\d          tables of the database        \\d NAME   columns of a table
  \\l          databases                     \\u NAME   use another database
  \\cost       price the last query and try what would make it cheaper
  \\?          this                          \\q        leave (also Ctrl-D)"""


class Names(Completer):
    """Completes keywords, databases, tables and columns."""

    def __init__(self, session: Athena) -> None:
        self._session = session
        self._words: list[str] = []

    def refresh(self) -> None:
        """Read the names anew: a statement may have changed them."""
        found = table_names(self._session.client)
        own = found.get(self._session.database, [])
        self._words = sorted({*found, *own}) + KEYWORDS

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what the word before the cursor may become."""
        word = document.get_word_before_cursor(WORD=False)
        if not word:
            return
        for one in self._words:
            if one.lower().startswith(word.lower()) and one.lower() != word.lower():
                shown = one.lower() if one.isupper() and word.islower() else one
                yield Completion(shown, start_position=-len(word))


def prompt(session: Athena, state: Path) -> int:
    """Ask for statements until the end of the input."""
    state.mkdir(parents=True, exist_ok=True)
    names = Names(session)
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:  # pyright: ignore[reportUnusedFunction]
        text = event.current_buffer.text
        if is_whole(text) or text.lstrip().startswith("\\") or not text.strip():
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.insert_text("\n")

    line: PromptSession[str] = PromptSession(
        history=FileHistory(str(state / "sql_history")),
        completer=names,
        key_bindings=keys,
        complete_while_typing=False,
    )
    print(f"Athena at {session.client.url}; \\? helps, \\q leaves.")
    commands = Commands(session)
    while True:
        names.refresh()
        try:
            text = line.prompt(f"{session.database}> ", multiline=True)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return 0
        if not commands.run(text.strip()):
            return 0


class Commands:
    """What the lines of a prompt do."""

    def __init__(self, session: Athena) -> None:
        self.session = session
        self.last = ""
        self._rules: dict[str, Callable[[str], None]] = {
            "\\d": self._describe,
            "\\l": lambda _: self._statement("SHOW DATABASES"),
            "\\u": self._use,
            "\\cost": self._cost,
            "\\?": lambda _: print(HELP),
        }

    def run(self, text: str) -> bool:
        """Run a line; False when it says to leave."""
        if text in ("\\q", "exit", "quit", "exit;", "quit;"):
            return False
        try:
            if text.startswith("\\"):
                word, _, rest = text.partition(" ")
                self._rules.get(word, lambda _: print(HELP))(rest.strip(" ;"))
            else:
                for statement in split(text):
                    self._statement(statement)
        except (StatementError, ApiError, UnreachableError) as error:
            print(error, file=sys.stderr)
        return True

    def _statement(self, statement: str) -> None:
        self.last = statement
        done = self.session.run(statement)
        count = show.as_table(done, self.session.rows(done), sys.stdout)
        print(show.cost_line(done, count))

    def _describe(self, name: str) -> None:
        self._statement(f"DESCRIBE {name}" if name else "SHOW TABLES")

    def _use(self, name: str) -> None:
        self.session.client.call("glue", "GetDatabase", {"Name": name})
        self.session.database = name

    def _cost(self, _: str) -> None:
        from lakebed.cli.sql.advice import advise

        if not self.last:
            print("There is no last query yet.")
            return
        done = self.session.run(self.last)
        count = sum(1 for _ in self.session.rows(done))
        lines: Iterator[str] = advise(self.session, self.last, done)
        print(show.cost_line(done, count))
        for line in lines:
            print(line, flush=True)
