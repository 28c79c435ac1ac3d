// Imported before the scene: the shell has no windows that are left, and shows no notifications.
process.env.CHROMIUM ??= "/usr/bin/chromium";
