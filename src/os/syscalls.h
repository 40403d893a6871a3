/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * syscalls - the list of what a confined process may call (private to src/os)
 *
 * The list allows, and has four answers:
 *
 *	allowed   what the role needs, some of it for some arguments only
 *	EPERM     what honest code of ours or of a library may come upon
 *	killed    what none of it calls in any version: the process is in
 *	          somebody else's hands and ends before its next step
 *	ENOSYS    everything else, also what the kernel of tomorrow has: a newer
 *	          libc then takes its older way, as on an older kernel
 *
 * Layer: os.
 */
#pragma once

#include "base/base.h"

struct error;
struct sandbox;

/* Last step of sandbox_enter(); *missing gains SANDBOX_MISSING_SECCOMP where there is none. */
NODISCARD int syscalls_confine(const struct sandbox *s, unsigned *missing, struct error *e);
