/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * log - one line to stderr: time, role, level, text
 *
 * Only roles, api and programs log; lower layers return errors.  Secrets,
 * tokens and request targets with a token are never logged.  Control characters
 * in arguments come out as \xNN, so a name cannot forge a line.
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_init(const char *role, enum log_level least);
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
