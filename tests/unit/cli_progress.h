/* SPDX-License-Identifier: Apache-2.0 */
/* Executions for the tests of what shows them. */
#pragma once

#include "cli/progress.h"
#include "common/base/clock.h"

#define T0 (UINT64_C(1790000000) * USEC_PER_SEC)
#define TOP UINT32_MAX

/* Adds or changes a task run; times in milliseconds after T0, start or end 0: none. */
static inline void put(struct progress *p, uint32_t index, uint32_t parent, const char *id, enum run_state state,
                       unsigned start_msec, unsigned end_msec) {
        assert_int_equal(progress_put(p, &(struct store_task_run){
                .index = index, .parent = parent, .task_id = id, .state = state, .attempts = 1,
                .start_usec = start_msec ? T0 + start_msec * USEC_PER_MSEC : 0,
                .end_usec = end_msec ? T0 + end_msec * USEC_PER_MSEC : 0,
        }), 0);
}

static inline void say(struct progress *p, uint32_t index, const char *text) {
        assert_int_equal(progress_frame_log(p, &(struct frame_log){
                .task_run = index, .level = 6, .time_usec = T0, .text = { text, strlen(text) } }), 0);
}
