/** What every list that pages on the server takes: where to go on, and how many rows. */
import { z } from 'zod';

export const pageQuery = { cursor: z.string().max(500).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) };
