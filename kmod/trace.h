/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, all in the host world: root has none, its messages become
 * keel_message when they are taken from the ring.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM keel

#if !defined(KEEL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KEEL_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(keel_demote,
	TP_PROTO(unsigned int cpu, int error),
	TP_ARGS(cpu, error),
	TP_STRUCT__entry(
		__field(unsigned int, cpu)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->cpu = cpu;
		__entry->error = error;
	),
	TP_printk("cpu=%u error=%d", __entry->cpu, __entry->error)
);

TRACE_EVENT(keel_return,
	TP_PROTO(unsigned int cpu),
	TP_ARGS(cpu),
	TP_STRUCT__entry(
		__field(unsigned int, cpu)
	),
	TP_fast_assign(
		__entry->cpu = cpu;
	),
	TP_printk("cpu=%u", __entry->cpu)
);

TRACE_EVENT(keel_message,
	TP_PROTO(unsigned int cpu, unsigned int event, u64 tsc, u64 a, u64 b),
	TP_ARGS(cpu, event, tsc, a, b),
	TP_STRUCT__entry(
		__field(unsigned int, cpu)
		__field(unsigned int, event)
		__field(u64, tsc)
		__field(u64, a)
		__field(u64, b)
	),
	TP_fast_assign(
		__entry->cpu = cpu;
		__entry->event = event;
		__entry->tsc = tsc;
		__entry->a = a;
		__entry->b = b;
	),
	TP_printk("cpu=%u event=%u tsc=%llu arg=%#llx,%#llx", __entry->cpu, __entry->event,
		  __entry->tsc, __entry->a, __entry->b)
);

#endif /* KEEL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
