# SPDX-License-Identifier: Apache-2.0
"""Manual pages from sources of packaging/man: troff with lines that begin with "@@", each of which stands for something
the programs say themselves:

    @@verbs                  the verbs of sqsflow, with their summaries
    @@verb-sections          a section for each, with what its --help says
    @@help PROGRAM [VERB]    what --help says
    @@config                 every property of agent.yaml
    @@properties TABLE       the properties of a table of the flow language
    @@types                  the task and trigger types
"""
import re

OPTION = re.compile(r"^ {2,}(-{1,2}[A-Za-z].*?)(?: {2,}(\S.*))?$")
KINDS = {"text": "text", "boolean": "true or false", "whole": "whole number", "duration": "ISO 8601 duration",
         "seconds": "ISO 8601 duration of whole seconds", "number": "number", "size": "size such as 512MiB",
         "texts": "map of texts", "map": "map",
         "list": "list of maps"}


def troff(text):
    """Plain text as troff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("`", "\\(ga")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def quoted(text):
    """Plain text with `words` in bold."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return troff(text)
    return "".join(f"\\fB{troff(part)}\\fR" if i % 2 else troff(part) for i, part in enumerate(parts))


def microseconds(count):
    """As a person would say it: PT30S, P14D."""
    for unit, size in (("D", 86400), ("H", 3600), ("M", 60), ("S", 1)):
        if count % (size * 1000000) == 0 and count > 0:
            return f"P{'' if unit == 'D' else 'T'}{count // (size * 1000000)}{unit}"
    return f"PT{count / 1000000:g}S"


# --- what --help says --------------------------------------------------------------------------------------------------

def option_names(spelling):
    """"-m, --message FILE" in bold and italics."""
    def mark(word):
        return f"\\fB{troff(word)}\\fR" if word.startswith("-") else f"\\fI{troff(word)}\\fR"
    return ", ".join(" ".join(mark(word) for word in part.split(" ")) for part in spelling.split(", "))


def help_blocks(text):
    """Yields (kind, lines): usage, option, heading, example, text, block (set as it is). An option has its spelling first."""
    lines = text.rstrip("\n").split("\n")
    i, in_examples = 0, False
    while i < len(lines):
        line = lines[i]
        i += 1
        match = OPTION.match(line)
        if not line.strip():
            in_examples = in_examples and i < len(lines) and lines[i].startswith(" ")
        elif line.startswith("Usage: "):
            usage = [line[len("Usage: "):]]
            while i < len(lines) and lines[i].startswith("       "):
                usage.append(lines[i].strip())
                i += 1
            yield "usage", usage
        elif line.startswith("Examples:"):
            in_examples = True
        elif in_examples:
            yield "example", [line.strip()]
        elif match:
            words = [match.group(2)] if match.group(2) else []
            while i < len(lines) and lines[i].startswith(" " * 10) and not OPTION.match(lines[i]):
                words.append(lines[i].strip())
                i += 1
            yield "option", [match.group(1).strip(), " ".join(words)]
        elif re.match(r"^\S.*:$", line) and i < len(lines) and lines[i].startswith(" "):
            yield "heading", [line.rstrip(":")]
        elif line.startswith("  "):
            block = [line]
            while i < len(lines) and lines[i].startswith("  ") and not OPTION.match(lines[i]):
                block.append(lines[i])
                i += 1
            yield "block", block
        else:
            paragraph = [line.strip()]
            while i < len(lines) and lines[i].strip() and not lines[i].startswith("  ") and not OPTION.match(lines[i]) \
                    and not lines[i].startswith(("Examples:", "Usage:")) and not re.match(r"^\S.*:$", lines[i]):
                paragraph.append(lines[i].strip())
                i += 1
            yield "text", [" ".join(paragraph)]


def render_help(text):
    out, before = [], None
    for kind, lines in help_blocks(text):
        if kind == "usage":
            out += [".PP", ".nf"] + [f"\\fB{troff(line)}\\fR" for line in lines] + [".fi"]
        elif kind == "option":
            out += [".TP", option_names(lines[0]), quoted(lines[1]) if lines[1] else "\\&"]
        elif kind == "heading":
            out += [".PP", troff(lines[0]) + ":"]
        elif kind == "block":
            out += [".PP", ".nf"] + [troff(line) for line in lines] + [".fi"]
        elif kind == "example":
            out += [".PP", "Examples:", ".PP", ".RS 4", ".nf"] if before != "example" else []
            out.append(troff(lines[0]))
        if before == "example" and kind != "example":
            out += [".fi", ".RE"]
        if kind == "text":
            out += [".PP", quoted(lines[0])]
        before = kind
    return out + ([".fi", ".RE"] if before == "example" else [])


# --- tables --------------------------------------------------------------------------------------------------------------

def config_kind(p):
    if p["kind"] == "choice":
        return ", ".join(p["choices"])
    if p["kind"] == "choices":
        return "list of " + ", ".join(p["choices"])
    if p["kind"] not in ("whole", "duration", "seconds", "number") or "max" not in p:
        return KINDS[p["kind"]]
    low, high = p["min"], p["max"]
    if p["kind"] == "duration":
        low, high = microseconds(low), microseconds(high)
    elif p["kind"] == "seconds":
        low, high = f"PT{low}S", microseconds(high * 1000000)
    if p["kind"] == "number":
        return f"number above 0, up to {high}"
    return f"{KINDS[p['kind']]}, {low} to {high}"


def render_config(properties, prefix="", seen=()):
    """Every property with its whole name: limits.executions. A table that was shown already is not shown again."""
    out = []
    for p in properties:
        name = prefix + p["name"] + ("[]" if p["kind"] == "list" else "")
        facts = config_kind(p) + (", required" if p.get("required") else "")
        if "default" in p:
            facts += f"; default {p['default']}"
        out += [".TP", f"\\fB{troff(name)}\\fR ({troff(facts)})", quoted(p.get("description", "")) or "\\&"]
        children = p.get("children")
        if children and children in seen:
            out.append(f"As \\fB{troff(p['name'])}\\fR above.")
        elif children:
            out += render_config(children, name + ".", seen + (children,))
            seen += (children,)
    return out


def render_properties(properties):
    out = []
    for p in properties:
        facts = p["kind"] if not p.get("choices") else "one of " + ", ".join(p["choices"])
        facts += ", required" if p.get("required") else ""
        facts += f"; default {p['default']}" if "default" in p else ""
        out += [".TP", f"\\fB{troff(p['name'])}\\fR ({troff(facts)})", quoted(p.get("description", "")) or "\\&"]
        if p.get("alias"):
            out.append(f"Also written \\fB{troff(p['alias'])}\\fR.")
    return out


def render_types(flow):
    out = []
    for t in flow["types"]:
        out += [f'.SS "{troff(t["name"])}"', quoted(t.get("title", ""))]
        out += render_properties([p for p in t["properties"] if "no effect here" not in p.get("description", "")])
        if t["outputs"]:
            names = "; ".join(f"\\fB{troff(o['name'])}\\fR: {quoted(o.get('description', '').rstrip('.'))}"
                              for o in t["outputs"])
            out += [".PP", f"Outputs: {names}."]
    return out


def page(source, version, date, tables, help_of):
    """The finished page. `help_of(program, verb)` is what --help says."""
    out = []
    for line in source.rstrip("\n").split("\n"):
        if not line.startswith("@@"):
            out.append(line.replace("@VERSION@", version).replace("@DATE@", date))
            continue
        what, *words = line[2:].split()
        if what == "verbs":
            for name, summary in verbs(help_of("sqsflow", None)):
                out += [".TP", f"\\fB{troff(name)}\\fR", quoted(summary)]
        elif what == "verb-sections":
            for name, _ in verbs(help_of("sqsflow", None)):
                out += [f".SH SQSFLOW {name.upper()}"] + render_help(help_of("sqsflow", name))
        elif what == "help":
            out += render_help(help_of(words[0], words[1] if len(words) > 1 else None))
        elif what == "config":
            out += render_config(tables["config"])
        elif what == "properties":
            out += render_properties(tables["flow"][words[0]])
        elif what == "types":
            out += render_types(tables["flow"])
        else:
            raise ValueError(f"unknown directive: {line}")
    return "\n".join(out) + "\n"


def verbs(help_text):
    """(name, summary) of each verb in the order of `sqsflow --help`."""
    return re.findall(r"^  ([a-z][a-z-]*) {2,}(\S.*)$", help_text, flags=re.MULTILINE)
