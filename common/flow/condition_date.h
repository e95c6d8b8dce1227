/* SPDX-License-Identifier: Apache-2.0 */
/* What Kestra's conditions of dates and times say of texts that are rendered. Pure, but for the host's time zone database.
 * Rules: io.kestra.plugin.core.condition.DateTimeBetween, TimeBetween, DayWeek, DayWeekInMonth, Weekend. */
#pragma once

#include "common/expr/expr_date.h"
#include "common/flow/flow_trigger.h"

/* A day: "2026-12-31", or that of a date and time with its offset, on the clocks of that offset. 0 or -EINVAL. */
int condition_day(const char *text, struct date *ret) _must_check_;

/* Whether a condition of one of these types holds. `texts`: by enum flow_condition_text, NULL where not given; the date is.
 * DateTimeBetween counts both its ends in, TimeBetween neither; a TimeBetween whose `before` is the earlier one, or as early,
 * goes over midnight. 1, 0, or -EBADMSG with *ret_problem: an owned sentence without the text in it, which may be secret;
 * -ENOMEM. */
int condition_date_holds(enum flow_condition_type type, const char *const texts[FLOW_CONDITION_TEXT_COUNT],
                         char **ret_problem) _must_check_;
