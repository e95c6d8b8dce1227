/* SPDX-License-Identifier: Apache-2.0 */
/* What an input of type DATE or TIME may be, when the file is read and when the value is given. */
#pragma once

#include <stdbool.h>

/* "2026-11-23", a day that the calendar has. */
bool day_text_is_date(const char *text);
/* "08:21" or "08:21:57", a time that a clock shows. */
bool day_text_is_time(const char *text);
