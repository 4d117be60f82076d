/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program whose very first instructions create a file: no C library, no loader, no start-up code. If it was killed before
 * its first instruction, the file is not there.
 */
static const char path[] = "/tmp/marker";

void _start(void)
{
#if defined(__x86_64__)
	register long number __asm__("rax") = 85;	/* creat */
	register const char *name __asm__("rdi") = path;
	register long mode __asm__("rsi") = 0644;

	__asm__ volatile("syscall" : "+r"(number) : "r"(name), "r"(mode) : "rcx", "r11", "memory");
	number = 231;					/* exit_group */
	__asm__ volatile("syscall" : "+r"(number) : "r"(0) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long directory __asm__("x0") = -100;	/* AT_FDCWD */
	register const char *name __asm__("x1") = path;
	register long flags __asm__("x2") = 0101;	/* O_CREAT | O_WRONLY */
	register long mode __asm__("x3") = 0644;
	register long number __asm__("x8") = 56;	/* openat */

	__asm__ volatile("svc 0" : "+r"(directory) : "r"(name), "r"(flags), "r"(mode), "r"(number) : "memory");
	directory = 0;
	number = 94;					/* exit_group */
	__asm__ volatile("svc 0" : "+r"(directory) : "r"(number) : "memory");
#endif
	__builtin_unreachable();
}
