# SPDX-License-Identifier: Apache-2.0
"""The RPM package in a root of its own: files, permissions, scripts; and what rpmlint and lintian think."""
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from service import packages

ROOT = Path(__file__).resolve().parents[2]


def output(*command, check=True):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


@pytest.fixture(name="rpm", scope="module")
def rpm_fixture():
    found = [p for p in packages().glob("sqsflow-[0-9]*.rpm")]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(name="root", scope="module")
def root_fixture(rpm, machine, tmp_path_factory):
    """A root with an RPM database and nothing but what the scripts call: taken from the machine's root, without dpkg."""
    folder = tmp_path_factory.mktemp("rpm") / "root"
    folder.mkdir()
    for name in ("usr", "etc"):
        subprocess.run(["cp", "-a", "--reflink=auto", f"{machine.root}/{name}", folder / name], check=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    for name in ("proc", "dev", "run", "tmp", "var/lib/rpm"):
        (folder / name).mkdir(parents=True)
    (folder / "dev" / "null").touch()
    output("rpm", "--root", folder, "--initdb")
    output("rpm", "--root", folder, "--nodeps", "--ignorearch", "-i", rpm)
    return folder


def test_the_rpm_installs_with_its_files_owners_and_modes(root):
    names = {line.split(":")[0]: line.split(":") for line in (root / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: line.split(":") for line in (root / "etc/group").read_text().splitlines()}
    user, group = int(names["sqsflow"][2]), int(groups["sqsflow"][2])
    assert (names["sqsflow"][5], names["sqsflow"][6]) == ("/var/lib/sqsflow", "/sbin/nologin")
    expected = {
        "usr/bin/sqsflow": (0, 0, 0o755), "usr/sbin/sqsflow-agent": (0, 0, 0o755),
        "usr/libexec/sqsflow/sqsflow-runner": (0, 0, 0o755), "usr/lib/systemd/system/sqsflow.service": (0, 0, 0o644),
        "usr/lib/systemd/system/sqsflow@.service": (0, 0, 0o644), "usr/lib/sysusers.d/sqsflow.conf": (0, 0, 0o644),
        "usr/lib/tmpfiles.d/sqsflow.conf": (0, 0, 0o644), "usr/share/sqsflow/agent.schema.json": (0, 0, 0o644),
        "usr/share/man/man8/sqsflow-agent.8.gz": (0, 0, 0o644), "etc/sqsflow/flows": (0, 0, 0o755),
        "etc/sqsflow/agent.yaml": (0, group, 0o640), "etc/sqsflow/secrets": (0, group, 0o750),
        "var/lib/sqsflow": (user, group, 0o750),
    }
    found = {name: (s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)) for name in expected for s in [os.stat(root / name)]}
    assert found == expected
    assert output("rpm", "--root", root, "-V", "--nodeps", "sqsflow") == ""


def test_the_rpm_enables_the_service_by_its_preset(root):
    link = root / "etc/systemd/system/multi-user.target.wants/sqsflow.service"
    assert link.is_symlink() and os.readlink(link).endswith("/lib/systemd/system/sqsflow.service")


def test_the_program_of_the_rpm_runs(root):
    version = re.search(r"\d+\.\d+\.\d+", output("rpm", "--root", root, "-q", "sqsflow")).group(0)
    assert output("chroot", root, "sqsflow", "--version").strip() == f"sqsflow {version}"
    assert output("chroot", root, "sqsflow", "check").startswith("ok")


def test_the_configuration_is_never_replaced(rpm, deb):
    flags = output("rpm", "-qp", "--qf", r"[%{FILENAMES} %{FILEFLAGS:fflags}\n]", rpm)
    assert "/etc/sqsflow/agent.yaml cn\n" in flags
    assert output("dpkg-deb", "-I", deb, "conffiles").split() == ["/etc/sqsflow/agent.yaml"]


@pytest.fixture(name="newer")
def newer_fixture(root, rpm, tmp_path):
    """The same files under a higher version and with another example configuration, as the spec file packs them."""
    names = [n[1:] for n in output("rpm", "-qpl", rpm).splitlines() if "/.build-id" not in n and "/licenses/" not in n]
    for name in names:
        target = tmp_path / "tree" / name
        (target if (root / name).is_dir() else target.parent).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_dir():
            shutil.copy2(root / name, target)
    with open(tmp_path / "tree/etc/sqsflow/agent.yaml", "a", encoding="utf-8") as example:
        example.write("# newer\n")
    spec = (ROOT / "packaging/rpm/sqsflow.spec").read_text()
    made, count = re.subn(r"(?s)%\{\?sqsflow_debug_package.*?\n%pre\n",
                          f"%install\ncp -a {tmp_path}/tree/. %{{buildroot}}\ncp -a {ROOT}/LICENSE .\n%pre\n", spec)
    assert count == 1
    (tmp_path / "newer.spec").write_text(made)
    output("rpmbuild", "-bb", "--nodeps", "--define", f"_topdir {tmp_path}/top", "--define", "_build_id_links none",
           "--define", "sqsflow_version 99.0.0", tmp_path / "newer.spec")
    return next((tmp_path / "top/RPMS").rglob("*.rpm"))


def test_an_upgrade_and_a_removal_of_the_rpm_keep_an_edited_configuration(root, newer):
    config = root / "etc/sqsflow/agent.yaml"
    with open(config, "a", encoding="utf-8") as file:
        file.write("# mine\n")
    output("rpm", "--root", root, "--nodeps", "-U", newer)
    assert "99.0.0" in output("rpm", "--root", root, "-q", "sqsflow")
    assert config.read_text().endswith("# mine\n")
    assert (root / "etc/sqsflow/agent.yaml.rpmnew").read_text().endswith("# newer\n")
    (root / "var/lib/sqsflow/sqsflow.db").touch()
    output("rpm", "--root", root, "-e", "--nodeps", "sqsflow")
    assert not (root / "usr/sbin/sqsflow-agent").exists()
    assert (root / "etc/sqsflow/agent.yaml.rpmsave").read_text().endswith("# mine\n")
    assert (root / "var/lib/sqsflow/sqsflow.db").exists()
    assert not (root / "etc/systemd/system/multi-user.target.wants/sqsflow.service").is_symlink()


def test_debug_symbols_are_in_packages_of_their_own(rpm, deb):
    symbols = [p for p in packages().glob("sqsflow-debuginfo-*.rpm")]
    assert any(name.endswith(".debug") for name in output("rpm", "-qpl", symbols[0]).splitlines())
    assert not any("/usr/lib/debug" in name for name in output("rpm", "-qpl", rpm).splitlines())
    symbols = [p for p in packages().glob("sqsflow-dbgsym_*.deb")]
    assert ".debug" in output("dpkg-deb", "-c", symbols[0])
    assert "/usr/lib/debug" not in output("dpkg-deb", "-c", deb)


def test_rpmlint_finds_no_error(rpm):
    text = output("rpmlint", "-c", ROOT / "packaging/rpm/rpmlint.toml", rpm, check=False)
    assert "1 packages" in text and " 0 errors" in text, text


def test_lintian_finds_no_error_and_no_warning(deb):
    text = output("lintian", "--pedantic", "--fail-on", "none", "--allow-root", deb)
    assert not [line for line in text.splitlines() if line.startswith(("E:", "W:"))], text


def test_both_packages_install_the_same_tree(rpm, deb):
    def plain(names):
        """Without what the two kinds of system name differently: where documents of the package itself and units go."""
        kept = {re.sub(r"^/usr/lib/systemd/system/|^/lib/systemd/system/", "UNITS/", n.rstrip("/")) for n in names}
        kept = {re.sub(r"/zsh/(site-functions|vendor-completions)", "/zsh", n) for n in kept}
        return {n for n in kept if re.search(r"sqsflow", n) and "/doc/sqsflow" not in n and "licenses" not in n
                and "/lintian/" not in n and "build-id" not in n and n != "/var/lib/sqsflow"}
    of_deb = re.findall(r" \.(/\S*)", output("dpkg-deb", "-c", deb))
    assert plain(of_deb) == plain(output("rpm", "-qpl", rpm).splitlines())
