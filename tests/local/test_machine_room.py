"""The parts of the machine room, one by one: no server is started here but those that a test needs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import environ
import pytest

from mensa.local import (
    bootstrap,
    commands,
    instance,
    places,
    ports,
    postgres,
    processes,
    services,
    supervisor,
    valkey,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def var(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def _python(script: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True
    )


# -- the environment ---------------------------------------------------------------------------------------------
@pytest.fixture
def prepared(tmp_path, monkeypatch) -> dict[str, str]:
    """An environment whose stamp says that it is up to date, extras included."""
    for name, content in {"RUNTIME_LOCK": "a==1", "TESTS_LOCK": "a==1\nb==2", "STAMP": ""}.items():
        (tmp_path / name).write_text(content, encoding="ascii")
        monkeypatch.setattr(bootstrap, name, tmp_path / name)
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", Path(sys.executable))
    bootstrap._write_stamp(with_tests=True)
    return bootstrap._read_stamp()


def test_an_environment_up_to_date_is_left_alone(prepared):
    assert bootstrap._matches(prepared, extras=False)
    assert bootstrap._matches(prepared, extras=True)


def test_the_demo_does_not_need_the_extras_of_the_tests(prepared):
    del prepared["tests"]
    assert bootstrap._matches(prepared, extras=False)
    assert not bootstrap._matches(prepared, extras=True)


def test_a_changed_lock_makes_the_environment_again(prepared):
    bootstrap.RUNTIME_LOCK.write_text("a==2", encoding="ascii")
    assert not bootstrap._matches(prepared, extras=False)


def test_another_python_makes_the_environment_again(prepared):
    assert not bootstrap._matches(prepared | {"python": "3.10.0"}, extras=False)


def test_an_installation_cut_short_leaves_no_valid_stamp(prepared):
    bootstrap.STAMP.write_text('{"python": "3.1', encoding="ascii")
    assert bootstrap._read_stamp() == {}


def test_without_python3_venv_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(places.Problem, match="apt-get install python3-venv"):
        bootstrap._new_environment(tmp_path / "venv")


# -- settings and folders ----------------------------------------------------------------------------------------
def test_a_setting_comes_from_the_environment_before_the_dotenv_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(
        "# nota\nexport DATABASE_URL='postgres://a'\nREDIS_URL=redis://b\n", encoding="utf-8"
    )
    monkeypatch.setattr(places, "_DOTENV", tmp_path / ".env")
    monkeypatch.setenv("REDIS_URL", "redis://c")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert places.configured("DATABASE_URL") == "postgres://a"
    assert places.configured("REDIS_URL") == "redis://c"
    assert places.configured("NOWHERE") == ""


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(places.Problem, match="controlla i permessi"):
        places.make_folder(tmp_path / "file" / "folder")


# -- one portal per folder ---------------------------------------------------------------------------------------
def test_the_second_to_ask_does_not_get_the_lock(var):
    first = instance.Instance.take()
    assert first is not None
    assert instance.is_running()
    assert instance.Instance.take() is None
    first.release()
    assert not instance.is_running()


def test_a_killed_portal_leaves_the_lock_free(var):
    script = "from mensa.local.instance import Instance; import time; held = Instance.take(); print('ok', flush=True); time.sleep(60)"
    process = _python(script)
    assert process.stdout is not None
    assert process.stdout.readline() == "ok\n"
    assert instance.is_running()
    process.kill()
    process.wait()
    process.stdout.close()
    assert not instance.is_running()


def test_the_addresses_are_closed_to_other_users_and_go_with_the_portal(var):
    mine = instance.Instance.take()
    assert mine is not None
    mine.publish({"DATABASE_URL": "postgres://secret"})
    assert instance.addresses_file().stat().st_mode & 0o777 == 0o600
    assert instance.published() == {"DATABASE_URL": "postgres://secret"}
    mine.release()
    assert instance.published() == {}


def test_addresses_left_by_a_killed_portal_are_not_believed(var):
    places.make_folder(places.run_dir())
    instance.addresses_file().write_text(json.dumps({"DATABASE_URL": "postgres://old"}), encoding="utf-8")
    mine = instance.Instance.take()
    assert mine is not None
    assert instance.published() == {}
    mine.release()


def test_a_second_start_says_where_the_portal_is(var, capsys):
    mine = instance.Instance.take()
    assert mine is not None
    mine.publish({"BASE_URL": "http://localhost:8042"})
    assert commands.run(["manage.py", "demo"]) == 1
    mine.release()
    assert "già in funzione: http://localhost:8042" in capsys.readouterr().out


def test_a_proxy_of_the_town_stays_out_of_our_own_conversation(monkeypatch):
    monkeypatch.setenv("no_proxy", "intranet.example")
    assert processes.without_proxy()["NO_PROXY"] == "intranet.example,localhost,127.0.0.1"


# -- ports ---------------------------------------------------------------------------------------------------------
def test_a_port_that_is_taken_gives_way_to_the_next():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        with ports.listen(taken) as server:
            assert ports.number(server) > taken


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen anywhere")
def test_a_port_of_root_is_refused_with_a_sentence():
    with pytest.raises(places.Problem, match="--port"):
        ports.listen(80)


@pytest.mark.parametrize("port", ["0", "70000", "otto"])
def test_a_port_that_is_no_port_is_refused(port, capsys):
    with pytest.raises(SystemExit):
        supervisor.parse(["--port", port])
    assert "--port" in capsys.readouterr().err or port != "otto"


# -- the servers ---------------------------------------------------------------------------------------------------
def test_servers_named_in_the_environment_are_used_and_none_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@db/mensa")
    monkeypatch.setenv("REDIS_URL", "redis://queue/0")
    for name in ("DATABASE_OWNER_URL", "DATABASE_READER_URL"):
        monkeypatch.delenv(name, raising=False)
    with services.Services(home=tmp_path / "home", logs=tmp_path / "log") as given:
        assert given.env == {"REDIS_URL": "redis://queue/0", "DATABASE_URL": "postgres://u:p@db/mensa"}
        assert given.running == {}
    assert not (tmp_path / "home").exists()


@pytest.fixture
def closed(var, tmp_path, monkeypatch) -> Path:
    """Root, in a folder that other users cannot walk into."""
    var.mkdir()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(services, "_open_to_all", lambda folder: False)
    monkeypatch.setattr(services, "_OUTSIDE", tmp_path)
    return var


def test_a_root_in_a_closed_folder_keeps_its_database_outside_and_finds_it_again(closed):
    home = services.database_home()
    assert closed not in home.parents
    assert services.database_home() == home


def test_deleting_var_deletes_the_database_that_was_kept_outside(closed):
    before = services.database_home()
    (closed / "postgres-is-at").unlink()
    after = services.database_home()
    assert after != before
    assert not before.exists()


def test_the_socket_path_stays_short_under_a_long_temporary_folder(tmp_path, monkeypatch):
    long = tmp_path / ("molto-lungo-" * 8)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    folder = services._socket_folder("mensa-test-")
    try:
        assert len(os.fsencode(f"{folder}/.s.PGSQL.5432.lock")) < 107
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.rmdir()


def test_the_address_of_the_database_is_read_by_the_settings(tmp_path, monkeypatch):
    cluster = postgres.Cluster(tmp_path, Path("/tmp/mensa-abc"))
    (tmp_path / "password").write_text("a-b_c", encoding="ascii")
    monkeypatch.setenv("PROBE_URL", cluster.url(postgres.APP))
    read = environ.Env().db("PROBE_URL")
    assert (read["HOST"], read["USER"], read["PASSWORD"], read["NAME"]) == (
        "/tmp/mensa-abc",
        "mensa_app",
        "a-b_c",
        "mensa",
    )


def test_the_log_of_the_database_never_holds_the_values_of_a_refused_statement(tmp_path, monkeypatch):
    commands: list[list[str]] = []
    monkeypatch.setattr(postgres.processes, "spawn", lambda command, **_: commands.append(command))
    postgres._launch(postgres.Cluster(tmp_path, tmp_path), tmp_path, None, tmp_path / "log")
    assert {"log_min_error_statement=panic", "log_error_verbosity=terse"} <= {
        str(word) for word in commands[0]
    }


def test_the_pid_of_somebody_else_in_postmaster_pid_stops_nobody(tmp_path):
    cluster = postgres.Cluster(tmp_path, tmp_path)
    cluster.data.mkdir()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n", encoding="ascii")
    postgres._clear_stale_pid(cluster)
    assert not (cluster.data / "postmaster.pid").exists()


def test_valkey_starts_answers_and_goes_with_its_parent(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from mensa.local import valkey;"
        f"started = valkey.start(Path({str(tmp_path)!r}), Path({str(tmp_path / 'log')!r}));"
        "print(started.pid, flush=True); time.sleep(60)"
    )
    parent = _python(script)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert valkey._answers(tmp_path / "valkey.sock")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
