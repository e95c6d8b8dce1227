/* SPDX-License-Identifier: Apache-2.0 */
/* The paragraphs of the reference page (flow_page.c). */
#pragma once

extern const char flow_page_head[], flow_page_file[], flow_page_inputs[], flow_page_outputs[], flow_page_defaults[],
        flow_page_task[], flow_page_retry[], flow_page_flowables[], flow_page_triggers[], flow_page_conditions[],
        flow_page_expressions[], flow_page_process[], flow_page_differences[];
