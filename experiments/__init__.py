"""What is known of real systems by trying: each experiment is kept, and can be made again."""
