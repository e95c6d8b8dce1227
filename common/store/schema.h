/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and the way from one version of them to the next. Inside common/store only. */
#pragma once

struct sqlite3;

#define SCHEMA_APPLICATION_ID 0x53515346 /* "SQSF" */

/* Brings an empty (version 0) or older database to STORE_SCHEMA_VERSION, in one transaction. 0 or -errno. */
int schema_migrate(struct sqlite3 *db, unsigned version);
