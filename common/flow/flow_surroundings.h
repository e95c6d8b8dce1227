/* SPDX-License-Identifier: Apache-2.0 */
/* What an expression stands in, as the language of the text around it sees it (P11). A filter that makes one shell word
 * or one literal is safe where a word or a value may stand, and only there: between quotes its own quotes end the others.
 * Pure. */
#pragma once

#include <stddef.h>

/* What surrounds `offset` of shell text, in words ("double quotes", "a here-document", …); NULL: a word may stand there.
 * Expressions ahead of it count as parts of words. When in doubt it says that something surrounds it. */
const char *flow_shell_surroundings(const char *text, size_t offset);

/* The same of Python or JavaScript text. */
const char *flow_code_surroundings(const char *text, size_t offset);
