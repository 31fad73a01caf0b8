"""Standard streams of every kind, and environments that a program finds itself in."""

from tests.fuzz import spoilt
from tests.fuzz.files import scatter
from tests.fuzz.harness import BROKEN, CLOSED, FULL, faults, said

_ODD = (*spoilt.INNER, "\x00", "\r", "\t", "é", "e\u0301", "火", "a" * 3000, "<unk>", "[b]", '"', "\\")
_BAD = (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\x80", b"\xf8\x88\x80\x80\x80")
ENVIRONMENTS = (
    {"LANG": "C", "LC_ALL": "C"},
    {"LANG": "de_DE.ISO-8859-1", "LC_ALL": None},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1:strict"},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
    {"HOME": None},
    {"HOME": "/nonexistent"},
    {"HOME": "", "DLCLI_CACHE": ""},
    {"COLUMNS": "1"},
    {"COLUMNS": "abc"},
    {"COLUMNS": "100000"},
    {"TERM": "dumb"},
    {"TERM": None},
    {"NO_COLOR": "1"},
    {"TMPDIR": "/nonexistent"},
    {"DLCLI_RUNS": "/dev/null"},
    {"DLCLI_RUNS": "no\nwhere"},
    {"DLCLI_CPU_DEVICES": "0"},
    {"DLCLI_CPU_DEVICES": "-1"},
    {"DLCLI_CPU_DEVICES": "1000000"},
    {"JAX_PLATFORMS": "nowhere"},
    {"PYTHONOPTIMIZE": "2"},
    {"TZ": "nowhere"},
)


def readers(trained):
    """Return the commands that read standard input, with whether they answer a line each."""
    return [
        ["predict", "tokenizer", "--run", trained.path("tokenizer"), "-"],
        ["predict", "rnn", "--run", trained.path("rnn-predict"), "-"],
        ["predict", "transformer", "--run", trained.path("transformer-predict"), "-"],
        ["predict", "transformer", "--run", trained.path("transformer-pairs"), "--beams", "1", "-"],
        ["score", "rnn", "--run", trained.path("rnn"), "-"],
        ["score", "transformer", "--run", trained.path("transformer"), "-"],
        ["predict", "cnn", "--run", trained.path("cnn"), "-"],
    ]


def test_a_line_on_standard_input_gets_one_answer_whatever_bytes_it_holds(campaign, trained):
    every = readers(trained)

    def attempt(random, place):
        scatter(place.work)
        lines = []
        for _ in range(random.choice([1, 3, 8])):
            words = [random.choice(["blade", "the", "pictures/a/0.png", "x"]) for _ in range(random.choice([1, 3]))]
            line = " ".join(words).encode()
            if random.random() < 0.6:
                place_in = random.randrange(len(line) + 1)
                odd = random.choice(_BAD) if random.random() < 0.3 else random.choice(_ODD).encode()
                line = line[:place_in] + odd + line[place_in:]
            lines.append(line)
        end = random.choice([b"\n", b"\n", b"\r\n"])
        text = random.choice([b"", b"", b"\xef\xbb\xbf"]) + end.join(lines) + random.choice([b"", end])
        found = place.run(
            *random.choice(every), "--json", stdin=text, encoding=random.choice(["utf-8", "ascii", "latin-1"])
        )
        wrong = faults(found, {0, 3})
        if not wrong and len(found.answers()) != len(lines):
            wrong.append(f"{len(lines)} lines, {len(found.answers())} answers, to {text[:100]!r}")
        return said(found, wrong)

    campaign(attempt, 80)


def test_streams_that_are_closed_full_or_left_end_a_program_without_a_traceback(campaign, trained):
    every = readers(trained)

    def attempt(random, place):
        scatter(place.work)
        words = random.choice(
            [*every, ["runs", "list"], ["data", "show", "moods.tsv"], ["--help"], ["train", "nowhere"]]
        )
        many = b"the\n" * (1 if "-" in words else 20_000)
        stdin = random.choice([CLOSED, "/dev/null", b"", many])
        out, err = random.choice(
            [(CLOSED, ""), (BROKEN, ""), (FULL, ""), ("", CLOSED), ("", BROKEN), ("", FULL), (CLOSED, CLOSED), ("", "")]
        )
        fresh = random.random() < 0.2
        found = place.run(*words, stdin=stdin, stdout=out, stderr=err, fresh=fresh)
        wrong = faults(found, {0, 2, 3, 7}, silent=bool(err))
        streams = f"stdin {stdin[:40]!r}, stdout {out or 'a file'}, stderr {err or 'a file'}"
        return [f"{streams}{', a new interpreter' if fresh else ''}", *said(found, wrong)] if wrong else []

    campaign(attempt, 80)


def test_no_environment_makes_a_program_end_in_a_traceback(campaign, trained):
    every = readers(trained)

    def attempt(random, place):
        scatter(place.work)
        environment = random.choice(ENVIRONMENTS)
        words = random.choice(
            [*every[:3], ["runs", "list"], ["data", "show", "moods.tsv"], ["--help"], ["doctor"], ["data", "list"]]
        )
        found = place.run(*words, stdin="é\nblade\n".encode(), environment=environment, fresh=True)
        return [str(environment), *said(found, wrong)] if (wrong := faults(found, {0, 2, 3, 6, 7})) else []

    campaign(attempt, 26)
