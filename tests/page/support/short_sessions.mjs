// Imported before the scene: the cookies of its server last so many seconds, long enough for a slow machine to ask in time.
process.env.ACCESS_SECONDS = "24";
