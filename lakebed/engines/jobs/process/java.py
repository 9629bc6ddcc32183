"""The command line of a driver's JVM. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lakebed.engines.jobs.environments import Environment

_OPENED = (
    "java.base/java.lang", "java.base/java.lang.invoke", "java.base/java.lang.reflect",
    "java.base/java.io", "java.base/java.net", "java.base/java.nio", "java.base/java.util",
    "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref", "java.base/sun.nio.ch", "java.base/sun.nio.cs",
    "java.base/sun.security.action", "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)  # fmt: skip
"""The packages that Spark opens for itself (org.apache.spark.launcher.JavaModuleOptions)."""

_LOGGING = Path(__file__).parents[1] / "programs" / "log4j2.properties"
_LOOPBACK = ("-Dspark.driver.bindAddress=127.0.0.1", "-Dspark.driver.host=127.0.0.1")


def command(
    environment: Environment,
    heap_bytes: int,
    scratch: Path,
    jars: Sequence[str] = (),
    *,
    is_clustered: bool = False,
) -> list[str]:
    """Return how the JVM is started, without the class it runs.

    Its listeners are on loopback unless workers elsewhere have to reach them, its temporary files
    in `scratch`. The jars that users give come after Spark's own; the environment's are there
    always.
    """
    own = [jar for extra in ("jdbc", "avro", "s3a") for jar in environment.extra_jars(extra)]
    classes = [str(environment.spark_home / "jars" / "*"), *own, *jars]
    return [
        str(environment.java),
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-XX:+IgnoreUnrecognizedVMOptions",
        # What a spare holds while it waits counts more than how fast it collects.
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Xmx{heap_bytes >> 20}m",
        f"-Djava.io.tmpdir={scratch}",
        f"-Dlog4j2.configurationFile={_LOGGING}",
        "-Duser.timezone=UTC",
        "-Dspark.ui.enabled=false",
        "-Dspark.ui.showConsoleProgress=false",
        # Hudi 0.12 reads Parquet by settings that leave this out, which Spark 3.3.4 does not bear.
        "-Dspark.hadoop.spark.sql.legacy.parquet.nanosAsLong=false",
        *([] if is_clustered else _LOOPBACK),
        "-cp",
        ":".join(classes),
    ]
