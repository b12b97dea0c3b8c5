/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which file says which figure, on either side; parsers without a copy, for they run ten thousand times a second. */
#include "sample.h"

#include <string.h>

/* ---- parsers ---- */

static uint64_t only_figure(const struct sample_file *f)
{
	return f->figures;
}

static unsigned index_of(uint64_t bit)
{
	return (unsigned)__builtin_ctzll(bit);
}

/* One number, or "max". v1 says "no limit" with the largest multiple of a page. */
static uint64_t number(const struct sample_file *f, const char *text, uint64_t *value)
{
	uint64_t n;

	if (!strncmp(text, "max", 3))
		n = UINT64_MAX;
	else if (num_scan(&text, &n))
		return 0;
	if (f->flags & FILE_LIMIT && n >= ((uint64_t)INT64_MAX & ~0xffffull))
		n = UINT64_MAX;
	value[index_of(f->figures)] = n;
	return only_figure(f);
}

static uint64_t nanoseconds(const struct sample_file *f, const char *text, uint64_t *value)
{
	uint64_t got = number(f, text, value);

	if (got)
		value[index_of(f->figures)] /= 1000;
	return got;
}

static uint64_t key(const char *text, const char *name, enum cgx_figure figure, uint64_t *value)
{
	return text_flat_u64(text, name, &value[figure]) ? 0 : CGX_F_BIT(figure);
}

static uint64_t memory_events(const struct sample_file *f, const char *text, uint64_t *value)
{
	(void)f;
	return key(text, "max", CGX_F_LIMIT_HITS, value) | key(text, "oom_kill", CGX_F_OOM_KILLS, value);
}

static uint64_t oom_control(const struct sample_file *f, const char *text, uint64_t *value)
{
	(void)f;
	return key(text, "oom_kill", CGX_F_OOM_KILLS, value);
}

static uint64_t memory_stat(const struct sample_file *f, const char *text, uint64_t *value)
{
	if (f->version == 2)
		return key(text, "inactive_file", CGX_F_MEMORY_INACTIVE, value);
	return key(text, "total_inactive_file", CGX_F_MEMORY_INACTIVE, value) | key(text, "total_swap", CGX_F_SWAP, value);
}

static uint64_t pids_events(const struct sample_file *f, const char *text, uint64_t *value)
{
	(void)f;
	return key(text, "max", CGX_F_FORKS_DENIED, value);
}

static uint64_t cpu_stat(const struct sample_file *f, const char *text, uint64_t *value)
{
	uint64_t got;

	if (f->version == 2)
		return key(text, "usage_usec", CGX_F_CPU, value) | key(text, "throttled_usec", CGX_F_THROTTLED, value);
	got = key(text, "throttled_time", CGX_F_THROTTLED, value);
	if (got)
		value[CGX_F_THROTTLED] /= 1000;
	return got;
}

/* Sums over the devices: "8:0 rbytes=1 wbytes=2 rios=3 wios=4". An empty file is no io. */
static uint64_t io_stat(const struct sample_file *f, const char *text, uint64_t *value)
{
	static const struct {
		const char *name;
		enum cgx_figure figure;
	} keys[] = {
		{ "rbytes=", CGX_F_READ }, { "wbytes=", CGX_F_WRITTEN }, { "rios=", CGX_F_READS }, { "wios=", CGX_F_WRITES },
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		uint64_t sum = 0, n;

		for (const char *p = text; (p = strstr(p, keys[i].name));) {
			p += strlen(keys[i].name);
			if (!num_scan(&p, &n))
				sum += n;
		}
		value[keys[i].figure] = sum;
	}
	return f->figures;
}

/* "8:0 Read 1" */
static uint64_t blkio(const struct sample_file *f, const char *text, uint64_t *value)
{
	int bytes = !!(f->figures & CGX_F_BIT(CGX_F_READ));
	uint64_t read = 0, written = 0, n;
	const char *line;
	size_t len;

	while (text_line(&text, &line, &len)) {
		const char *what = memchr(line, ' ', len), *p;

		if (!what || (strncmp(what, " Read ", 6) && strncmp(what, " Write ", 7)))
			continue;
		p = strchr(what + 1, ' ') + 1;
		if (!num_scan(&p, &n))
			*(what[1] == 'R' ? &read : &written) += n;
	}
	value[bytes ? CGX_F_READ : CGX_F_READS] = read;
	value[bytes ? CGX_F_WRITTEN : CGX_F_WRITES] = written;
	return f->figures;
}

/* "some avg10=1.23 ..." */
static uint64_t pressure(const struct sample_file *f, const char *text, uint64_t *value)
{
	const char *p = strstr(text, "some avg10=");
	uint64_t whole, part;

	if (!p)
		return 0;
	p += strlen("some avg10=");
	if (num_scan(&p, &whole) || *p++ != '.' || num_scan(&p, &part))
		return 0;
	value[index_of(f->figures)] = whole * 100 + part;
	return only_figure(f);
}

static uint64_t cgroup_events(const struct sample_file *f, const char *text, uint64_t *value)
{
	(void)f;
	return key(text, "populated", CGX_F_POPULATED, value) | key(text, "frozen", CGX_F_FROZEN, value);
}

static uint64_t freezer_state(const struct sample_file *f, const char *text, uint64_t *value)
{
	value[CGX_F_FROZEN] = strncmp(text, "THAWED", 6) != 0;
	return f->figures;
}

static uint64_t count_lines(const struct sample_file *f, const char *text, uint64_t *value)
{
	uint64_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	value[CGX_F_PROCS] = n;
	return f->figures;
}

/* ---- the table ---- */

#define F(x) CGX_F_BIT(CGX_F_##x)

/* Of two rows that tell the same figure the first counts whose hierarchy has the group. */
const struct sample_file sample_files[] = {
	{ 1, CGX_C_MEMORY, "memory.usage_in_bytes", F(MEMORY), 0, number, NULL },
	{ 1, CGX_C_MEMORY, "memory.limit_in_bytes", F(MEMORY_MAX), FILE_LIMIT, number, NULL },
	{ 1, CGX_C_MEMORY, "memory.max_usage_in_bytes", F(MEMORY_PEAK), 0, number, NULL },
	{ 1, CGX_C_MEMORY, "memory.stat", F(MEMORY_INACTIVE) | F(SWAP), 0, memory_stat, NULL },
	{ 1, CGX_C_MEMORY, "memory.failcnt", F(LIMIT_HITS), 0, number, NULL },
	{ 1, CGX_C_MEMORY, "memory.oom_control", F(OOM_KILLS), 0, oom_control, NULL },
	{ 1, CGX_C_PIDS, "pids.current", F(PIDS), FILE_MEMBERS, number, NULL },
	{ 1, CGX_C_PIDS, "pids.max", F(PIDS_MAX), FILE_LIMIT, number, NULL },
	{ 1, CGX_C_PIDS, "pids.peak", F(PIDS_PEAK), 0, number, NULL },
	{ 1, CGX_C_PIDS, "pids.events", F(FORKS_DENIED), 0, pids_events, NULL },
	{ 1, CGX_C_CPUACCT, "cpuacct.usage", F(CPU), 0, nanoseconds, NULL },
	{ 1, CGX_C_CPU, "cpu.stat", F(THROTTLED), 0, cpu_stat, NULL },
	/* v2 counts groups below; v1 has it both ways, since Linux 4.16 */
	{ 1, CGX_C_IO, "blkio.throttle.io_service_bytes_recursive", F(READ) | F(WRITTEN), 0, blkio,
	  "blkio.throttle.io_service_bytes" },
	{ 1, CGX_C_IO, "blkio.throttle.io_serviced_recursive", F(READS) | F(WRITES), 0, blkio, "blkio.throttle.io_serviced" },
	{ 1, CGX_C_FREEZER, "freezer.state", F(FROZEN), FILE_GREATEST, freezer_state, NULL },
	/* a group may have processes in one of its hierarchies only */
	{ 1, CGX_C_PIDS, "cgroup.procs", F(PROCS), FILE_GREATEST, count_lines, NULL },
	{ 1, CGX_C_MEMORY, "cgroup.procs", F(PROCS), FILE_GREATEST, count_lines, NULL },
	{ 1, CGX_C_CPU, "cgroup.procs", F(PROCS), FILE_GREATEST, count_lines, NULL },

	{ 2, CGX_C_MEMORY, "memory.current", F(MEMORY), 0, number, NULL },
	{ 2, CGX_C_MEMORY, "memory.max", F(MEMORY_MAX), FILE_LIMIT, number, NULL },
	{ 2, CGX_C_MEMORY, "memory.peak", F(MEMORY_PEAK), 0, number, NULL },
	{ 2, CGX_C_MEMORY, "memory.stat", F(MEMORY_INACTIVE), 0, memory_stat, NULL },
	{ 2, CGX_C_MEMORY, "memory.swap.current", F(SWAP), 0, number, NULL },
	{ 2, CGX_C_MEMORY, "memory.events.local", F(LIMIT_HITS) | F(OOM_KILLS), 0, memory_events, "memory.events" },
	{ 2, CGX_C_PIDS, "pids.current", F(PIDS), 0, number, NULL },
	{ 2, CGX_C_PIDS, "pids.max", F(PIDS_MAX), FILE_LIMIT, number, NULL },
	{ 2, CGX_C_PIDS, "pids.peak", F(PIDS_PEAK), 0, number, NULL },
	{ 2, CGX_C_PIDS, "pids.events.local", F(FORKS_DENIED), 0, pids_events, "pids.events" },
	{ 2, CGX_C_CORE, "cpu.stat", F(CPU) | F(THROTTLED), 0, cpu_stat, NULL },
	{ 2, CGX_C_IO, "io.stat", F(READ) | F(WRITTEN) | F(READS) | F(WRITES), 0, io_stat, NULL },
	{ 2, CGX_C_CORE, "cpu.pressure", F(CPU_PRESSURE), 0, pressure, NULL },
	{ 2, CGX_C_CORE, "memory.pressure", F(MEMORY_PRESSURE), 0, pressure, NULL },
	{ 2, CGX_C_CORE, "io.pressure", F(IO_PRESSURE), 0, pressure, NULL },
	{ 2, CGX_C_CORE, "cgroup.events", F(POPULATED) | F(FROZEN), FILE_GREATEST, cgroup_events, NULL },
	{ 2, CGX_C_CORE, "cgroup.procs", F(PROCS), FILE_GREATEST, count_lines, NULL },
};
_Static_assert(sizeof(sample_files) / sizeof(sample_files[0]) <= SAMPLE_FILES, "a sampler has room for them");

size_t sample_files_count(void)
{
	return COUNT_OF(sample_files);
}
