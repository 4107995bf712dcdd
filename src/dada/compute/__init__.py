"""Where and how work is done: device, random numbers, threads, processes, memory."""
