/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox is made of, in the order in which it is made. Begin to read here. */
#include "sandbox/devices.h"
#include "sandbox/idmap.h"
#include "sandbox/isolate.h"
#include "sandbox/launch.h"
#include "sandbox/links.h"
#include "sandbox/place.h"
#include "sandbox/restrict.h"
#include "sandbox/rootfs.h"
#include "sandbox/tty.h"

const struct step parts[] = {
	/* in the caller, before anything runs */
	{ STAGE_PREPARE, OUTSIDE, "the root file system", rootfs_open, rootfs_close },
	{ STAGE_PREPARE, OUTSIDE, "the network", links_prepare, links_unplug },
	{ STAGE_PREPARE, OUTSIDE, "the range of ids", idmap_lease, idmap_return },
	{ STAGE_PREPARE, OUTSIDE, "the writable layer", rootfs_layer, NULL },
	{ STAGE_PREPARE, OUTSIDE, "the terminal", tty_open, tty_close },
	{ STAGE_PREPARE, OUTSIDE, "the system call filter", restrict_filter, restrict_free },
	{ STAGE_PLACE, OUTSIDE, "the group", place_make, place_remove },
	/* the child is made, and waits when it has its namespaces */
	{ STAGE_CLONE, INSIDE, "the namespaces", isolate_namespaces, NULL },
	{ STAGE_MAP, OUTSIDE, "the init", init_seal, init_close },
	{ STAGE_MAP, OUTSIDE, "the id map", idmap_write, NULL },
	{ STAGE_MAP, OUTSIDE, "the trees of the root", rootfs_send, NULL },
	{ STAGE_MAP, OUTSIDE, "/dev", devices_make, devices_close },
	{ STAGE_NET, OUTSIDE, "the cable of the network", links_plug, NULL },
	/* in the child */
	{ STAGE_MOUNT, INSIDE, "the group", place_enter, NULL },
	{ STAGE_MOUNT, INSIDE, "the ids", idmap_become_root, NULL },
	{ STAGE_MOUNT, INSIDE, "the group as root", isolate_cgroup, NULL },
	{ STAGE_MOUNT, INSIDE, "the clock offsets", isolate_time, NULL },
	{ STAGE_MOUNT, INSIDE, "the links of the network", isolate_links, NULL },
	{ STAGE_MOUNT, INSIDE, "the root", rootfs_mount, NULL },
	{ STAGE_MOUNT, INSIDE, "/proc and /sys", rootfs_kernel, NULL },
	{ STAGE_MOUNT, INSIDE, "/dev", devices_mount, NULL },
	{ STAGE_MOUNT, INSIDE, "the volumes", rootfs_volumes, NULL },
	{ STAGE_MOUNT, INSIDE, "what is hidden of /proc", rootfs_mask, NULL },
	{ STAGE_PIVOT, INSIDE, "the new root", rootfs_pivot, NULL },
	{ STAGE_HOST, INSIDE, "the host name", isolate_hostname, NULL },
	{ STAGE_HOST, INSIDE, "the terminal", tty_take, NULL },
	{ STAGE_HOST, INSIDE, "the keyring", isolate_keyring, NULL },
	{ STAGE_LIMIT, INSIDE, "resource limits", restrict_raise, NULL },
	{ STAGE_DROP, INSIDE, "the user", restrict_find_user, NULL },
	{ STAGE_DROP, INSIDE, "the working directory", rootfs_cwd, NULL },
	{ STAGE_DROP, INSIDE, "descriptors", restrict_descriptors, NULL },
	{ STAGE_DROP, INSIDE, "capabilities", restrict_capabilities, NULL },
	{ STAGE_FILTER, INSIDE, "sockets of others", restrict_sockets, NULL },
	{ STAGE_FILTER, INSIDE, "resource limits", restrict_lower, NULL },
	{ STAGE_FILTER, INSIDE, "the system call filter", restrict_load, NULL },
	{ STAGE_EXEC, INSIDE, "the command", init_exec, NULL },
};
const size_t n_parts = sizeof(parts) / sizeof(parts[0]);
