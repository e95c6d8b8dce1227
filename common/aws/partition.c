/* SPDX-License-Identifier: Apache-2.0 */
/* One row per partition; a region belongs to the row with the longest matching prefix, which the order sees to. */
#include "common/aws/partition.h"

#include "common/base/text.h"

static const struct aws_partition partitions[] = {
        { "aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
        { "aws-us-gov", "us-gov-", "amazonaws.com", "api.aws" },
        { "aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud" },
        { "aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
        { "aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
        { "aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov" },
        { "aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu" },
        { "aws", "", "amazonaws.com", "api.aws" },
};

const struct aws_partition *aws_partition_of_region(const char *region) {
        const struct aws_partition *p = partitions;
        while (!text_after(region, p->region_prefix))
                p++;
        return p;
}

bool aws_partition_owns(const char *suffix) {
        for (size_t i = 0; i < ARRAY_SIZE(partitions); i++)
                if (text_eq(suffix, partitions[i].dns_suffix) || text_eq(suffix, partitions[i].dual_stack_suffix))
                        return true;
        return false;
}
