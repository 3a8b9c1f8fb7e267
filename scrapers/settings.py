"""Scrapy's settings for this project. What a user may choose is in scrapers/config.py; what is here is not a choice."""

BOT_NAME = "vestiary"
SPIDER_MODULES = ["scrapers.spiders"]
COMMANDS_MODULE = "scrapers.commands"

# Politeness. The spider sets USER_AGENT, DOWNLOAD_DELAY, DOWNLOAD_TIMEOUT and DOWNLOAD_MAXSIZE from the configuration.
ROBOTSTXT_OBEY = False  # Scrapy's own middleware fails open; scrapers.politeness.robots stands in its place, always on
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY_JITTER = 0.3
COOKIES_ENABLED = False
REFERRER_POLICY = "no-referrer"
METAREFRESH_ENABLED = False  # Scrapy would follow the refresh of a challenge page by itself
REDIRECT_MAX_TIMES = 5
RETRY_TIMES = 2
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408]  # never 403 or 429; 503 only as Retry-After says (pacing.py)
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # the ledger and the report say it
HTTPCACHE_ENABLED = False  # it would keep challenge pages

# Safety: certificates are verified, and no service listens.
DOWNLOAD_VERIFY_CERTIFICATES = True
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapers.politeness.blocks.BlockMiddleware": 560,  # answers: decompressed, not yet retried
    "scrapers.politeness.optout.OptOutMiddleware": 555,
    "scrapers.politeness.pacing.RetryAfterMiddleware": 552,
    "scrapers.politeness.robots.RobotsMiddleware": 100,
    "scrapers.politeness.gateway.GatewayMiddleware": 740,
}
ITEM_PIPELINES = {"scrapers.media.MediaPipeline": 100}
EXTENSIONS = {
    "scrapy.extensions.logstats.LogStats": None,
    "scrapers.progress.ProgressDisplay": 100,  # ends first, so that the report has the terminal to itself
    "scrapers.report.Report": 200,
}

LOG_LEVEL = "INFO"
LOG_SHORT_NAMES = True
LOG_VERSIONS: list[str] = []
STATS_DUMP = False
