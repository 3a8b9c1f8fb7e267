"""Scrapy's settings for this project. What a user may choose is in scrapers/config.py; what is here is not a choice."""

BOT_NAME = "vestiary"
SPIDER_MODULES = ["scrapers.spiders"]
COMMANDS_MODULE = "scrapers.commands"

# Politeness. The spider sets USER_AGENT, DOWNLOAD_DELAY, DOWNLOAD_TIMEOUT, DOWNLOAD_MAXSIZE and, for shops that are not
# live, the concurrency from the configuration.
ROBOTSTXT_OBEY = False  # Scrapy's own middleware fails open; scrapers.politeness.robots stands in its place, always on
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY_JITTER = 0  # a delay is the least, not the mean; scrapers.politeness.pacing makes it longer
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 1_000_000  # bytes of pages read whose pictures are still to come; they wait for them
COOKIES_ENABLED = False
REFERRER_POLICY = "no-referrer"
METAREFRESH_ENABLED = False  # Scrapy would follow the refresh of a challenge page by itself
REDIRECT_MAX_TIMES = 5  # RFC 9309, section 2.3.1.2, wants five followed for robots.txt
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # filters nothing: it would drop a redirect in silence
RETRY_TIMES = 2
RETRY_EXCEPTIONS = [  # what timed out once is not asked for again at once
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.ResponseDataLossError",
]
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408]  # never 403 or 429; 503 only as Retry-After says (pacing.py)
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # the ledger and the report say it
HTTPCACHE_ENABLED = False  # it would keep challenge pages

# Safety: every answer is bounded, certificates are verified, and no service listens.
DOWNLOADER = "scrapers.downloader.Downloader"
DOWNLOAD_HANDLERS = {"http": "scrapers.transfer.TransferHandler", "https": "scrapers.transfer.TransferHandler"}
DOWNLOAD_VERIFY_CERTIFICATES = True
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # drops in silence
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,  # the ledger counts
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # nobody logs in
    "scrapers.politeness.robots.RobotsMiddleware": 100,
    "scrapers.politeness.breaker.BreakerMiddleware": 545,  # answers: what is left after retries
    "scrapers.politeness.retry_after.RetryAfterMiddleware": 552,
    "scrapers.politeness.optout.OptOutMiddleware": 555,
    "scrapers.politeness.blocks.BlockMiddleware": 560,  # answers: decompressed, not yet retried
    "scrapers.politeness.pacing.PacingMiddleware": 720,  # answers: each attempt
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
