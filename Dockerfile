FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PLAYWRIGHT_BROWSERS_PATH=/opt/browsers

WORKDIR /srv/readback

# Packages and the browser before the code: a change of code then builds in seconds. The nightly checks play on twins.
COPY pyproject.toml constraints.txt ./
RUN pip install --no-cache-dir --constraint constraints.txt --editable ".[twins]" \
    && playwright install --with-deps --only-shell chromium \
    && rm -rf /var/lib/apt/lists/*

COPY . .

RUN useradd --system --create-home readback \
    && install --directory --owner readback --group readback /var/lib/readback
USER readback
ENV READBACK_HOME=/var/lib/readback

CMD ["readback", "--help"]
