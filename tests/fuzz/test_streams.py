"""Unusual standard streams and environment variables."""

from tests.fuzz import corrupt_data
from tests.fuzz.harness import BROKEN, CLOSED, FULL, problems, with_command
from tests.fuzz.sample_data import write_samples

_ODD = (*corrupt_data.ODD_CHARACTERS, "\x00", "\r", "\t", "é", "e\u0301", "火", "a" * 3000, "<unk>", "[b]", '"', "\\")
_BAD_BYTES = (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\x80", b"\xf8\x88\x80\x80\x80")
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
    {"DLCLI_RUNS": "un\nknown"},
    {"DLCLI_CPU_DEVICES": "0"},
    {"DLCLI_CPU_DEVICES": "-1"},
    {"DLCLI_CPU_DEVICES": "1000000"},
    {"JAX_PLATFORMS": "unknown"},
    {"PYTHONOPTIMIZE": "2"},
    {"TZ": "unknown"},
)


def readers(runs):
    """Return the commands that read lines from standard input."""
    return [
        ["predict", "tokenizer", "--run", runs.path("tokenizer"), "-"],
        ["predict", "rnn", "--run", runs.path("rnn-predict"), "-"],
        ["predict", "transformer", "--run", runs.path("transformer-predict"), "-"],
        ["predict", "transformer", "--run", runs.path("transformer-pairs"), "--beams", "1", "-"],
        ["score", "rnn", "--run", runs.path("rnn"), "-"],
        ["score", "transformer", "--run", runs.path("transformer"), "-"],
        ["predict", "cnn", "--run", runs.path("cnn"), "-"],
    ]


def test_every_line_on_standard_input_has_one_answer_whatever_its_bytes(campaign, runs):
    commands = readers(runs)

    def run_case(random, sandbox):
        write_samples(sandbox.work)
        lines = [random_line(random) for _ in range(random.choice([1, 3, 8]))]
        end = random.choice([b"\n", b"\n", b"\r\n"])
        text = random.choice([b"", b"", b"\xef\xbb\xbf"]) + end.join(lines) + random.choice([b"", end])
        encoding = random.choice(["utf-8", "ascii", "latin-1"])
        result = sandbox.run(*random.choice(commands), "--json", stdin=text, encoding=encoding)
        wrong = problems(result, {0, 3})
        if not wrong and len(result.objects()) != len(lines):
            wrong.append(f"{len(lines)} lines, {len(result.objects())} answers, to {text[:100]!r}")
        return with_command(result, wrong)

    campaign(run_case, 30)


def random_line(random):
    """Return a line of a few words, often with odd characters or invalid UTF-8."""
    words = [random.choice(["blade", "the", "images/a/0.png", "x"]) for _ in range(random.choice([1, 3]))]
    line = " ".join(words).encode()
    if random.random() < 0.4:
        return line
    at = random.randrange(len(line) + 1)
    odd = random.choice(_BAD_BYTES) if random.random() < 0.3 else random.choice(_ODD).encode()
    return line[:at] + odd + line[at:]


def test_a_closed_broken_or_full_stream_ends_a_program_with_a_valid_exit_code(campaign, runs):
    commands = [*readers(runs), ["runs", "list"], ["data", "show", "moods.tsv"], ["--help"], ["train", "unknown"]]
    streams = [
        (CLOSED, ""),
        (BROKEN, ""),
        (FULL, ""),
        ("", CLOSED),
        ("", BROKEN),
        ("", FULL),
        (CLOSED, CLOSED),
        ("", ""),
    ]

    def run_case(random, sandbox):
        write_samples(sandbox.work)
        words = random.choice(commands)
        many = b"the\n" * (1 if "-" in words else 20_000)
        stdin = random.choice([CLOSED, "/dev/null", b"", many])
        out, err = random.choice(streams)
        interpreter = random.random() < 0.2
        result = sandbox.run(*words, stdin=stdin, stdout=out, stderr=err, interpreter=interpreter)
        wrong = problems(result, {0, 2, 3, 7}, unreadable=bool(err))
        case = f"stdin {stdin[:40]!r}, stdout {out or 'a file'}, stderr {err or 'a file'}"
        return [case, *with_command(result, wrong)] if wrong else []

    campaign(run_case, 30)


def test_every_environment_ends_a_program_with_a_valid_exit_code(campaign, runs):
    commands = [["runs", "list"], ["data", "show", "moods.tsv"], ["--help"], ["doctor"], ["data", "list"]]
    commands += readers(runs)[:3]

    def run_case(random, sandbox):
        write_samples(sandbox.work)
        environment = random.choice(ENVIRONMENTS)
        stdin = "é\nblade\n".encode()
        result = sandbox.run(*random.choice(commands), stdin=stdin, environment=environment, interpreter=True)
        wrong = problems(result, {0, 2, 3, 6, 7})
        return [str(environment), *with_command(result, wrong)] if wrong else []

    campaign(run_case, 20)
