/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink by hand, as much of it as the bench needs: one socket, one request at
 * a time.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_GENL_H
#define BENCH_GENL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

void genl_open(const char *family);

/* A request: begun, given attributes, and carried out; what goes wrong ends the program. */
void genl_begin(uint8_t cmd);
void genl_put(uint16_t type, const void *data, size_t size);
void genl_put_u32(uint16_t type, uint32_t val);
void genl_put_u64(uint16_t type, uint64_t val);
void genl_put_text(uint16_t type, const char *text);
struct nlattr *genl_nest(uint16_t type);
void genl_nest_end(struct nlattr *nest);
void genl_do(void);
void genl_ask(void);

/* The answer to the last request: its attributes, or those of one of them */
const struct nlattr *genl_answer(uint16_t type);
const struct nlattr *genl_next_answer(const struct nlattr *last, uint16_t type);
const struct nlattr *genl_inner(const struct nlattr *nest, uint16_t type);
const struct nlattr *genl_next(const struct nlattr *nest, const struct nlattr *last,
			       uint16_t type);
uint64_t genl_number(const struct nlattr *attr);
const char *genl_text(const struct nlattr *attr);

#endif /* BENCH_GENL_H */
