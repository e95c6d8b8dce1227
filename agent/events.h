/* SPDX-License-Identifier: Apache-2.0 */
/* The events an administrator may want to find, count or be told of: values of the journal's MESSAGE_ID field. What each
 * means and what to do about it is said in systemd/sqsflow.catalog (journalctl -x). A number never changes its meaning. */
#pragma once

#include "common/base/log.h"

#define EVENT(id) { "MESSAGE_ID", (id) }

#define EVENT_TRIGGER_BACKOFF "98f3d2c7808040c7ad9435831bf337a1"
#define EVENT_TRIGGER_RECEIVES "7d34fa3cc96749d5a756f7c6deda105a"
#define EVENT_EXECUTION_FAILED "da900a6886fc43a59a0879e8df41a63c"
#define EVENT_STORE_FAILS "62ccfcef9aad4a458ab1693414a18f3e"
#define EVENT_STORE_WORKS "d78b6715c0064323b4b5db739b02c6cb"
#define EVENT_RELOAD_REFUSED "be47c889cc2c4432a2671b3747306ac9"
#define EVENT_STUCK "0d4c155a81f349578cbc7bcd281fae69"
#define EVENT_DRAIN_OVER "c1b3582f415940b48610dd0fe77a52eb"
#define EVENT_LEASE_LOST "5ee09b6bd313492e9594a205776e36db"
