/* SPDX-License-Identifier: Apache-2.0 */
/* The files that an execution keeps, and how its tasks come by them (the rule is common/link/execution_file.h). The
 * folder is made with the first one. Beside them, "message" and "messages.jsonl" name what triggered the execution, in
 * place: they are not kept.
 *
 * An execution that was called (Subflow) keeps its files with the one that the driver knows, and opens those.
 *
 * A URI of another execution is never opened. What is kept is bounded: files_max_bytes of EXECUTE, FILES_COUNT_MAX. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/value.h"

#define FILES_COUNT_MAX 10000u
#define FILES_BYTES_MAX_DEFAULT (UINT64_C(1) << 30)

struct execution;
struct folder;

struct files {
        int fd;          /* of the folder; -1: not made */
        unsigned count;  /* ever made */
        uint64_t bytes;
};
#define FILES_INIT ((struct files){ .fd = -1 })

/* Makes a file for a task to fill. *ret_uri is owned, *ret_fd is for writing; every byte is to be counted before with
 * files_charge(). `name` is what a person would call it. 0, -EDQUOT: too many, -errno. */
int files_create(struct execution *e, const char *name, char **ret_uri, int *ret_fd) _must_check_;
/* 0, or -EDQUOT when the execution may keep no more. */
int files_charge(struct execution *e, uint64_t bytes) _must_check_;
/* Gives what files_create() made another name; *uri is replaced. 0, -errno. */
int files_rename(struct execution *e, char **uri, const char *name) _must_check_;
/* What files_create() made is removed again. */
void files_discard(struct execution *e, const char *uri);
/* Keeps a copy of what `fd` holds. 0 with an owned URI; -EDQUOT; -errno. */
int files_keep(struct execution *e, int fd, const char *name, char **ret_uri) _must_check_;

/* Opens a URI of this execution for reading. A descriptor; -EXDEV: it is another execution's; -EINVAL: no URI; -ENOENT;
 * -errno. */
int files_open(struct execution *e, const char *uri) _must_check_;
/* The path behind it, owned; NULL when memory is out. `len` as execution_file_scan() said. */
char *files_path(struct execution *e, const char *uri, size_t len);
/* A text, list or map in which every URI of this execution has become a path: what a shell or a program can open. 0;
 * *v may have been replaced; -ENOMEM, -errno of writing the message file. */
int files_localise(struct execution *e, struct value **v) _must_check_;

/* Appends what `fd` holds. 0; -EFBIG: more than the buffer may hold; -ENOMEM; -errno. */
int files_read(int fd, struct buf *b) _must_check_;

/* read(path or URI) and fileURI(path): paths are of the folder's working directory. 0; negative with *ret_message (owned). */
int files_read_function(struct execution *e, struct folder *folder, const struct value *args, struct value **ret,
                        char **ret_message);
int files_uri_function(struct execution *e, struct folder *folder, const struct value *args, struct value **ret,
                       char **ret_message);

/* Why one of the above failed, for people. Borrowed. */
const char *files_problem(int error);

/* Ends the use: nothing is removed but an empty folder, or everything with `discard`. */
void files_done(struct execution *e, bool discard);
