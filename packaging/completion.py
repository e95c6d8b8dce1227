# SPDX-License-Identifier: Apache-2.0
"""Shell completion of `sqsflow` for bash, zsh and fish, from what `sqsflow --help` and `sqsflow VERB --help` say."""
import re
from dataclasses import dataclass, field

import manual

HEADER = "# SPDX-License-Identifier: Apache-2.0\n# Made from what `sqsflow --help` says.\n"
FILE_WORDS = ("FILE", "PROGRAM", "PATH", "SOCKET")
FOLDER_WORDS = ("DIR", "FOLDER")


@dataclass
class Option:
    long: str
    short: str = ""
    value: str = ""         # "FILE", "" when it takes none
    description: str = ""

    @property
    def takes_file(self):
        return self.value.split("|")[0] in FILE_WORDS

    @property
    def takes_folder(self):
        return self.value in FOLDER_WORDS


@dataclass
class Verb:
    name: str
    summary: str
    options: list = field(default_factory=list)
    actions: list = field(default_factory=list)  # list, show, logs
    takes_files: bool = False
    takes_flow: bool = False


def read_option(spelling, description):
    names, value = [], ""
    for part in spelling.split(", "):
        name, _, rest = part.partition(" ")
        names.append(name.split("=")[0])
        value = rest or value
    long = next((n for n in names if n.startswith("--")), "")
    short = next((n for n in names if not n.startswith("--")), "")
    return Option(long, short, value.strip("[]"), re.split(r"(?<=\w)[.;:] | \((?:neither|default|both)", description)[0].rstrip(". "))


def read_verb(name, summary, text):
    verb = Verb(name, summary)
    for kind, lines in manual.help_blocks(text):
        if kind == "option":
            verb.options.append(read_option(*lines))
        elif kind == "usage":
            for line in lines:
                words = line.replace("[", " ").replace("]", " ").split()[2:]
                if words and re.fullmatch(r"[a-z|]+", words[0]):
                    verb.actions += words[0].split("|")
                verb.takes_flow = verb.takes_flow or "FLOW" in words
                verb.takes_files = verb.takes_files or any(w.rstrip("….") == "FILE" for w in words)
    return verb


def read_verbs(help_of):
    return [read_verb(name, summary, help_of("sqsflow", name))
            for name, summary in manual.verbs(help_of("sqsflow", None))]


def bash(verbs):
    out = [HEADER + "_sqsflow() {", "    local cur prev verb words='' i", "    COMPREPLY=()",
           "    cur=${COMP_WORDS[COMP_CWORD]}", "    prev=${COMP_WORDS[COMP_CWORD-1]}", "    verb=",
           "    for ((i = 1; i < COMP_CWORD; i++)); do",
           "        case ${COMP_WORDS[i]} in -*) ;; *) verb=${COMP_WORDS[i]}; break ;; esac", "    done",
           "    case $verb in"]
    for v in verbs:
        files = "|".join(n for o in v.options if o.takes_file for n in (o.short, o.long) if n)
        folders = "|".join(n for o in v.options if o.takes_folder for n in (o.short, o.long) if n)
        values = "|".join(n for o in v.options if o.value and not o.takes_file and not o.takes_folder
                          for n in (o.short, o.long) if n)
        words = " ".join(v.actions + [n for o in v.options for n in (o.short, o.long) if n])
        out += [f"    {v.name})", "        case $prev in"]
        out += [f"        {files}) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;"] if files else []
        out += [f"        {folders}) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;"] if folders else []
        out += [f"        {values}) return ;;"] if values else []
        out += ["        esac", f"        words='{words}'"]
        out += ["        case $cur in -*) ;; *) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;; esac"] \
            if v.takes_files or v.takes_flow else []
        out.append("        ;;")
    out += [f"    '') words='{' '.join(v.name for v in verbs)} help --help --version' ;;",
            f"    help) words='{' '.join(v.name for v in verbs)}' ;;", "    esac",
            "    mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")", "}",
            "complete -o filenames -F _sqsflow sqsflow", ""]
    return "\n".join(out)


def zsh_text(text):
    return text.replace("'", "").replace("[", "(").replace("]", ")").replace(":", " -").replace("`", "")


def zsh_option(o):
    action = ":file:_files" if o.takes_file else ":folder:_files -/" if o.takes_folder else \
        f":{zsh_text(o.value.lower())}: " if o.value else ""
    names = f"'({o.short} {o.long})'{{{o.short},{o.long}}}" if o.short and o.long else f"{o.long or o.short}"
    return f"{names}'[{zsh_text(o.description)}]{action}'"


def zsh(verbs):
    out = ["#compdef sqsflow", HEADER + "_sqsflow() {", "    local -a verbs", "    local state line", "    verbs=("]
    out += [f"        '{v.name}:{zsh_text(v.summary)}'" for v in verbs]
    out += ["    )", "    _arguments -C '1: :->verb' '*:: :->rest'", "    case $state in",
            "    verb) _describe verb verbs ;;", "    rest)", "        case $line[1] in"]
    for v in verbs:
        rest = [f"'1: :({' '.join(v.actions)})'"] if v.actions else ["'*:file:_files'"] if v.takes_files or v.takes_flow else []
        arguments = " \\\n                ".join([zsh_option(o) for o in v.options] + rest)
        out += [f"        {v.name})", f"            _arguments {arguments} ;;"]
    return "\n".join(out + ["        esac ;;", "    esac", "}", "_sqsflow \"$@\"", ""])


def fish_text(text):
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("`", "")


def fish(verbs):
    names = " ".join(v.name for v in verbs)
    out = [HEADER + f"set -l verbs {names}", "complete -c sqsflow -f",
           "complete -c sqsflow -n \"not __fish_seen_subcommand_from $verbs\" -l version -d 'show the version'"]
    for v in verbs:
        out.append(f"complete -c sqsflow -n \"not __fish_seen_subcommand_from $verbs\" -a {v.name} -d '{fish_text(v.summary)}'")
        seen = f"complete -c sqsflow -n '__fish_seen_subcommand_from {v.name}'"
        out += [f"{seen} -a '{' '.join(v.actions)}'"] if v.actions else []
        out += [f"{seen} -F"] if v.takes_files or v.takes_flow else []
        for o in v.options:
            value = " -r -F" if o.takes_file else " -x -a '(__fish_complete_directories)'" if o.takes_folder \
                else " -x" if o.value else ""
            spelled = (f" -s {o.short[1:]}" if o.short else "") + (f" -l {o.long[2:]}" if o.long else "")
            out.append(f"{seen}{spelled}{value} -d '{fish_text(o.description)}'")
    return "\n".join(out + [""])
