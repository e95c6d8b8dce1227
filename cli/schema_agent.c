/* SPDX-License-Identifier: Apache-2.0 */
/* The assembler takes the file as it is; the compiler runs in the top folder. */
#include "cli/schema_agent.h"

__asm__(".pushsection .rodata\n"
        ".globl agent_schema, agent_schema_len\n"
        ".hidden agent_schema, agent_schema_len\n"
        "agent_schema: .incbin \"config/agent.schema.json\"\n"
        "0: .byte 0\n"
        ".balign 8\n"
        "agent_schema_len: .8byte 0b - agent_schema\n"
        ".popsection\n");
