"""A small application in Kotaemon's place, where its image cannot be had or no container runs."""
