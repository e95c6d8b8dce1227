/* SPDX-License-Identifier: Apache-2.0 */
/* The filters, by subject; the table that names them is in expr_filters.c. */
#pragma once

#include "common/expr/expr_routines.h"

typedef int expr_apply(const struct call *c, struct value **ret);

/* expr_filters_case.c */
expr_apply filter_upper, filter_lower, filter_capitalize, filter_title, filter_slugify;

/* expr_filters_text.c */
expr_apply filter_trim, filter_abbreviate, filter_starts_with, filter_ends_with, filter_substring_before,
        filter_substring_before_last, filter_substring_after, filter_substring_after_last, filter_quote,
        filter_escape_char, filter_indent, filter_nindent;

/* expr_filters_split.c */
expr_apply filter_split, filter_join, filter_replace;

/* expr_filters_list.c */
expr_apply filter_first, filter_last, filter_length, filter_keys, filter_values, filter_merge, filter_slice,
        filter_sort, filter_rsort, filter_reverse, filter_chunk, filter_flatten, filter_distinct;

/* expr_filters_number.c */
expr_apply filter_abs, filter_number, filter_number_format;

/* expr_filters_json.c */
expr_apply filter_default, filter_to_json, filter_string, filter_yaml;

/* expr_jq.c */
expr_apply filter_jq;

/* expr_filters_encode.c */
expr_apply filter_base64encode, filter_base64decode, filter_urlencode, filter_urldecode, filter_md5, filter_sha1,
        filter_sha256, filter_sha512;

/* expr_filters_date.c */
expr_apply filter_date, filter_date_add, filter_timestamp, function_now;
