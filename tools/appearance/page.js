// What a page, a frame or a worker says about itself. Runs in all of them; nothing of it ever goes to a venue.
async function said(where) {
  const agent = navigator.userAgentData;
  const hints = ["architecture", "bitness", "platformVersion", "fullVersionList", "model", "wow64", "formFactors"];
  const high = agent ? await agent.getHighEntropyValues(hints) : {};
  const page = typeof document !== "undefined";
  const zone = Intl.DateTimeFormat().resolvedOptions();
  return {
    where,
    user_agent: navigator.userAgent,
    platform: navigator.platform,
    languages: [...navigator.languages],
    language: navigator.language,
    processors: navigator.hardwareConcurrency,
    memory_gb: navigator.deviceMemory ?? null,
    touch_points: navigator.maxTouchPoints ?? null,
    brands: agent ? agent.brands.map((one) => [one.brand, one.version]) : [],
    full_brands: (high.fullVersionList ?? []).map((one) => [one.brand, one.version]),
    hint_platform: agent ? agent.platform : null,
    hint_release: high.platformVersion ?? null,
    hint_architecture: high.architecture ?? null,
    hint_mobile: agent ? agent.mobile : null,
    timezone: zone.timeZone,
    intl_locale: zone.locale,
    offsets_min: [0, 6].map((month) => -new Date(Date.UTC(2027, month, 15, 12)).getTimezoneOffset()),
    shared_worker: typeof SharedWorker !== "undefined",
    window: page ? seen() : null,
  };
}

function seen() {
  const media = (query) => matchMedia(query).matches;
  return {
    inner: [innerWidth, innerHeight],
    outer: [outerWidth, outerHeight],
    screen: [screen.width, screen.height],
    scale: devicePixelRatio,
    matches_width: media(`(width: ${innerWidth}px)`),
    matches_scale: media(`(resolution: ${devicePixelRatio}dppx)`),
    scheme: ["light", "dark"].filter((one) => media(`(prefers-color-scheme: ${one})`)).join(),
    webgl: webgl(),
  };
}

function webgl() {
  const context = document.createElement("canvas").getContext("webgl");
  return context ? context.getParameter(context.VENDOR) : null;
}

if (typeof document === "undefined") {
  fetch("/asked-by-worker").then(async () => postMessage(await said("worker")));
}
