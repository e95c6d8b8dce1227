/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS partitions: which domain names a region's services have. ("partitions.json" of the SDKs.) */
#pragma once

#include <stdbool.h>

struct aws_partition {
        const char *name;             /* "aws", "aws-cn" … */
        const char *region_prefix;    /* "" for the commercial partition, which takes what no other does */
        const char *dns_suffix;
        const char *dual_stack_suffix;
};

/* Never NULL. */
const struct aws_partition *aws_partition_of_region(const char *region);

/* True when `suffix` ("amazonaws.com") is the domain of some partition. */
bool aws_partition_owns(const char *suffix);
