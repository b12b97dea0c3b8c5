/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf(2), which the C library has no call for. */
#ifndef CGX_UTIL_BPF_H
#define CGX_UTIL_BPF_H

#include <stddef.h>

/* attr: the kernel's union bpf_attr. A descriptor or what else the command gives; -errno. */
int sys_bpf(int command, void *attr, size_t size);
/* 1: this process has CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; or that is not known. */
int bpf_has_capabilities(void);

#endif
