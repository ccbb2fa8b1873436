a /* never closed
