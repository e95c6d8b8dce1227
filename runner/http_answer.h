/* SPDX-License-Identifier: Apache-2.0 */
/* What an HTTP answer becomes in a task's outputs. */
#pragma once

#include "common/aws/http.h"
#include "common/base/value.h"

/* Outputs with code, headers (name to a list of values) and, unless NULL, uri. Owned; NULL when memory is out. */
struct value *http_answer_outputs(const struct http_response *r, const char *uri);
/* The name of a file: what Content-Disposition says, else the last part of the URL's path, else "download". No path:
 * the server does not choose a folder. Owned; NULL when memory is out. Pure. */
char *http_answer_file_name(const struct http_response *r, const char *url);
