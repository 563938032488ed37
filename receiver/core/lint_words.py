"""The words and forms `lint` knows. Patterns are tried on folded text (small letters, one space) unless said otherwise."""

from collections.abc import Mapping

_CODES = "40[0134589]|41[03]|42[29]|50[0-4]"
_COUNTED = r"руб|rub|₽|\$|€|%|мин|min|час|hour|заказ|order|клиент|customer|покупател|человек|people|товар|item|раз\b|times"

LEAKS: Mapping[str, str] = {
    "error_text": r"traceback|stack ?trace|\bat [\w.$]+\([\w.]+:\d+\)|file \"[^\"]+\", line \d+|\bpanic:|segfault|core dumped|\b0x[0-9a-f]{4,}"
    r"|\b(?:econn\w+|etimedout|enospc|oomkilled|nullpointer\w*)\b|\binc-\d+|\b\d+ из \d+ соединений|\b(?:errno|exit code)\b",
    "host": r"(?<![\w./@-])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+(?!(?:m|a)\b)[a-z][a-z0-9-]{1,}(?![\w])"
    r"|(?<![\w-])[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*[-_]\d+(?![\w-])|\blocalhost\b",
    "address": r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}(?![\w:])|(?<![\w:])[0-9a-f:]*::[0-9a-f:]+"
    r"|(?<!\d):\d{2,5}\b|\b(?:port|порт\w{0,2}) *\d{2,5}\b",
    "link": r"\b(?:https?|ftp|ssh|tcp|amqps?|rediss?|postgres(?:ql)?)://\S+|\bwww\.\S+|\bt\.me/\S+",
    "path": r"(?<![\w/:])/(?:[\w.-]+/)+[\w.-]*|\b[a-z]:\\\S+",
    "version": r"(?<![\w.])v?\d+\.\d+\.\d+(?!\w|\.\w)|\bv\d+(?:\.\d+)?\b",
    "secret": r"\b\d{6,}:[\w-]{20,}|\b(?=\w*\d)(?=\w*[a-z])[\w-]{24,}\b|\b(?:bearer|token|api.?key|password|пароль) *[:=] *\S+",
    "mailbox": r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<!\w)@[a-z]\w{3,}",
    "phone": r"(?<![\w.])\+?\d(?:[ ()-]{0,2}\d){9,14}(?!\w)",
    "number": r"(?:№|#|\bno\.?) ?\d{3,}|\b(?:order|заказ\w{0,3}|ticket|обращени\w{0,2}) *(?:no\.?|number|номер\w{0,2})? *\d{4,}",
    "http_code": rf"\bhttp[ /-]?\d{{3}}\b|(?<![\d:.,])(?:{_CODES})(?![\d:.,]\d)(?!\d)(?! *(?:{_COUNTED}))",
}
LEAKS_AS_WRITTEN: Mapping[str, str] = {
    "error_text": r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*(?:Exception|Error)\b",
}
VENDORS = frozenset(
    "aws,amazon,google cloud,gcp,azure,cloudflare,fastly,akamai,yandex cloud,яндекс облако,selectel,digitalocean,hetzner,vk cloud,postgresql,postgres,mysql,"
    "redis,valkey,rabbitmq,kafka,mongodb,elasticsearch,clickhouse,nginx,envoy,haproxy,kubernetes,docker,prometheus,alertmanager,grafana,kibana,jaeger,"
    "sentry,pagerduty,opsgenie,stripe,twilio,sendgrid,битрикс".split(",")
)
SENSITIVE = frozenset(
    "взлом,утечк,персональн,злоумышлен,уязвим,мошенн,следствен,полици,судебн,breach,leaked,hacked,personal data,vulnerab,attacker,fraud,police,"
    "lawsuit,ransom,gdpr".split(",")
)
NEXT_WORD = r"напишем|сообщим|расскажем|обновим|we will write|next update|we will update|we will post"
FORECAST = (
    r"\b(?:восстанов|почин|исправ|заработа|устран|решим|fix|restor|resolv|recover|be back|repair)\w*[^.\n]{0,40}?"
    r"\b(?:через|в течение|до|к|within|in|by|before) \d[\d:]*(?: ?(?:мин|час|min|hour|h\b|am|pm)\w*)?"
)
JARGON = (
    r"\b(?:деградаци\w*|инцидент\w*|даунтайм\w*|латентност\w*|бэкенд\w*|бекенд\w*|фронтенд\w*|сервер\w*|баз[аыеу] данных|кластер\w*|нод[аыеу]|поды\b"
    r"|релиз\w*|откат\w*|деплой\w*|хотфикс\w*|алерт\w*|пайплайн\w*|очеред[ьи] сообщений|таймаут\w*|троттлинг\w*|фейловер\w*"
    r"|latency|backend|frontend|server\w*|database\w*|cluster\w*|node\b|nodes\b|pods?\b|deploy\w*|rollback\w*|hotfix\w*|timeout\w*|throttl\w*|failover\w*"
    r"|upstream|downstream|infrastructure|root cause|making improvements|apologi[sz]e for the inconvenience|приносим извинения за неудобства)\b"
)
