/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations share. Each handler returns 0, FAILED (r->failure says why), PARKED or -errno. */
#pragma once

#include "tests/queue/receipt.h"
#include "tests/queue/service.h"

#define PARKED 2

typedef int operation_run(struct request *r);
/* One entry of a batch, or the whole of a call that is not one: appends the members of its answer (no braces). */
typedef int operation_entry(struct request *r, const struct value *params, struct buf *out);

struct operation {
        const char *name;
        bool needs_queue;
        bool is_batch;
        operation_run *run;     /* either this … */
        operation_entry *entry; /* … or this */
};

const struct operation *operation_find(const char *name);
const struct operation *operation_at(size_t i); /* NULL at the end */
size_t operation_index(const struct operation *o);

operation_run op_cancel_message_move_task, op_list_message_move_tasks, op_start_message_move_task, op_create_queue, op_delete_queue, op_get_queue_attributes, op_get_queue_url, op_list_queues,
        op_purge_queue, op_receive_message, op_send_message_batch, op_set_queue_attributes;
operation_entry op_change_visibility, op_delete_message, op_send_message;

/* Runs r's entry handler over params.Entries and appends {"Successful":[…],"Failed":[…]}. */
int batch_run(struct request *r) _must_check_;

/* A whole number of the request within limits. Absent: *ret is untouched. 0 or FAILED. */
int param_number(struct request *r, const struct value *params, const char *name, int64_t min, int64_t max,
                 int64_t *ret) _must_check_;
/* A text; *ret = NULL when absent (FAILED when `required`). Borrowed. */
int param_text(struct request *r, const struct value *params, const char *name, bool required,
               const char **ret) _must_check_;
/* A text of 1 to 128 characters of the set that groups, deduplication and attempt ids share, or absent. */
int param_token(struct request *r, const struct value *params, const char *name, const char **ret) _must_check_;
/* A list; *ret = NULL when absent. */
int param_list(struct request *r, const struct value *params, const char *name, const struct value **ret) _must_check_;

/* Appends ,"name":"text" or, first in an object, without the comma. */
int write_member(struct buf *out, const char *name, const char *text);

/* ops_receive.c: receives for a parked request; true when it is answered now. */
bool receive_again(struct request *r);

/* longpoll.c */
int longpoll_park(struct request *r, uint64_t until_usec) _must_check_;
void longpoll_leave(struct request *r);
void longpoll_serve(struct service *s, struct queue *q, uint64_t now_usec);
/* The queue goes away: its waiters are told. */
void longpoll_refuse_all(struct queue *q);

/* service.c: ends a request that was parked: applies the faults that follow an operation and calls on_answer(). */
void request_complete(struct request *r, int result);
/* Parks the request until then; when the time comes, it is completed by `on_fire`. */
int request_park(struct request *r, uint64_t until_usec, timer_on_fire *on_fire) _must_check_;
