/** The health check of a container: succeeds when the process on the port, the one argument, says that it is ready. */
const { ok } = await fetch(`http://127.0.0.1:${process.argv[2]}/health/ready`);
process.exitCode = ok ? 0 : 1;
