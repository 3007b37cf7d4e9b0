// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: nic_xdp DEVICE pass|drop|send|redirect
 *
 * Runs an XDP program on DEVICE, in its driver, until it is killed. Prints "attached" once it runs.
 * The programs send and redirect answer pings themselves: XDP_TX sends the answer, XDP_REDIRECT
 * takes it to the same device's ndo_xdp_xmit(). All else passes.
 */
#include <err.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSN(c, d, s, o, i)	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), \
						    .off = (o), .imm = (i) })
#define MOV(d, s)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, s)		INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define ADD_TO(d, i)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define AND(d, i)		INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)
#define SHIFT(d, i)		INSN(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, i)
#define LOAD(w, d, s, o)	INSN(BPF_LDX | BPF_MEM | (w), d, s, o, 0)
#define STORE(w, d, o, s)	INSN(BPF_STX | BPF_MEM | (w), d, s, o, 0)
#define CALL(i)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, i)
#define EXIT			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Jumps go to the end of the program, where the frame passes. */
#define PASS_IF_ABOVE(d, s)	INSN(BPF_JMP | BPF_JGT | BPF_X, d, s, TO_PASS, 0)
#define PASS_UNLESS(d, i)	INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, TO_PASS, i)
#define TO_PASS			-1

/* Offsets in a frame with an echo request and an IPv4 header without options. */
#define TO_MAC		0
#define FROM_MAC	6
#define TYPE		12
#define VERSION		14
#define PROTOCOL	23
#define FROM_IP		26
#define TO_IP		30
#define ICMP_TYPE	34
#define ICMP_SUM	36
#define ICMP_END	42

#define BE16(x)		__builtin_bswap16(x)

static char messages[65536];

static const struct bpf_insn answer_ping[] = {
	LOAD(BPF_W, 2, 1, offsetof(struct xdp_md, data)),
	LOAD(BPF_W, 3, 1, offsetof(struct xdp_md, data_end)),
	MOV(4, 2),
	ADD_TO(4, ICMP_END),
	PASS_IF_ABOVE(4, 3),
	LOAD(BPF_H, 5, 2, TYPE),
	PASS_UNLESS(5, BE16(0x0800)),
	LOAD(BPF_B, 5, 2, VERSION),
	PASS_UNLESS(5, 0x45),
	LOAD(BPF_B, 5, 2, PROTOCOL),
	PASS_UNLESS(5, 1),
	LOAD(BPF_B, 5, 2, ICMP_TYPE),
	PASS_UNLESS(5, 8),
	/* The answer goes back: exchange the addresses. */
	LOAD(BPF_W, 5, 2, TO_MAC),
	LOAD(BPF_W, 7, 2, FROM_MAC),
	STORE(BPF_W, 2, TO_MAC, 7),
	STORE(BPF_W, 2, FROM_MAC, 5),
	LOAD(BPF_H, 5, 2, TO_MAC + 4),
	LOAD(BPF_H, 7, 2, FROM_MAC + 4),
	STORE(BPF_H, 2, TO_MAC + 4, 7),
	STORE(BPF_H, 2, FROM_MAC + 4, 5),
	LOAD(BPF_W, 5, 2, TO_IP),
	LOAD(BPF_W, 7, 2, FROM_IP),
	STORE(BPF_W, 2, TO_IP, 7),
	STORE(BPF_W, 2, FROM_IP, 5),
	/* An echo reply has the type 0, so its sum is larger by what the type was. */
	SET(5, 0),
	STORE(BPF_B, 2, ICMP_TYPE, 5),
	LOAD(BPF_H, 5, 2, ICMP_SUM),
	ADD_TO(5, BE16(0x0800)),
	MOV(7, 5),
	SHIFT(7, 16),
	AND(5, 0xffff),
	ADD(5, 7),
	STORE(BPF_H, 2, ICMP_SUM, 5),
};

static const struct bpf_insn end_drop[] = { SET(0, XDP_DROP), EXIT };
static const struct bpf_insn end_pass[] = { SET(0, XDP_PASS), EXIT };
static const struct bpf_insn end_send[] = { SET(0, XDP_TX), EXIT };

/**
 * struct program - a program that is being made
 * @insns: its instructions
 * @len: their number
 */
struct program {
	struct bpf_insn insns[64];
	unsigned int len;
};

static void put(struct program *program, const struct bpf_insn *insns, size_t bytes)
{
	memcpy(program->insns + program->len, insns, bytes);
	program->len += bytes / sizeof(*insns);
}

/* Make the program of that name. If there is none, it stays empty. */
static void make(struct program *program, const char *name, int device)
{
	const struct bpf_insn end_redirect[] = {
		SET(1, device), SET(2, 0), CALL(BPF_FUNC_redirect), EXIT,
	};
	unsigned int i;

	if (!strcmp(name, "drop")) {
		put(program, end_drop, sizeof(end_drop));
		return;
	}
	if (!strcmp(name, "send") || !strcmp(name, "redirect"))
		put(program, answer_ping, sizeof(answer_ping));
	if (!strcmp(name, "send"))
		put(program, end_send, sizeof(end_send));
	else if (!strcmp(name, "redirect"))
		put(program, end_redirect, sizeof(end_redirect));
	else if (strcmp(name, "pass"))
		return;
	for (i = 0; i < program->len; i++) {
		if (program->insns[i].off == TO_PASS)
			program->insns[i].off = program->len - i - 1;
	}
	put(program, end_pass, sizeof(end_pass));
}

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	struct program program = {};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.expected_attach_type = BPF_XDP,
		.insns = (uintptr_t)program.insns,
		.license = (uintptr_t)"GPL",
		.log_buf = (uintptr_t)messages,
		.log_size = sizeof(messages),
		.log_level = 1,
	};
	union bpf_attr link = {
		.link_create.attach_type = BPF_XDP,
		.link_create.flags = XDP_FLAGS_DRV_MODE,
	};

	if (argc != 3)
		errx(2, "usage: nic_xdp DEVICE pass|drop|send|redirect");
	link.link_create.target_ifindex = if_nametoindex(argv[1]);
	make(&program, argv[2], link.link_create.target_ifindex);
	load.insn_cnt = program.len;
	if (!load.insn_cnt || !link.link_create.target_ifindex)
		errx(2, "no device %s, or no program %s", argv[1], argv[2]);
	link.link_create.prog_fd = bpf(BPF_PROG_LOAD, &load);
	if ((int)link.link_create.prog_fd < 0)
		err(1, "the verifier refuses the program: %s", messages);
	if (bpf(BPF_LINK_CREATE, &link) < 0)
		err(1, "%s takes no program", argv[1]);
	puts("attached");
	fflush(stdout);
	/* The link, and with it the program, ends with this process. */
	for (;;)
		pause();
}
