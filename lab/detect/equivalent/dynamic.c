/* SPDX-License-Identifier: Apache-2.0 */
/* A program that needs its dynamic loader, and a library of one function: both do nothing, when they are loaded they have served. */
int main(void) { return 0; }
