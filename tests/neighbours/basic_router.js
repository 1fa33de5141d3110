// A router of the level `basic`, in JavaScript: a scenario a line in, an answer a line out. BUG in the environment plants one of four bugs.
"use strict";
const readline = require("node:readline");

const BUG = process.env.BUG || "";
const MASK = (1n << 64n) - 1n;
const FEMTO = 15;
const RULES = ["disabled", "only", "ignore", "fallbacks_disabled"];
const LIFTABLE = RULES.slice(1);

// Prices as whole femtodollars, read from their decimal text.
function femto(value) {
  if (value === undefined || value === null) return null;
  const [mantissa, power] = String(value).toLowerCase().split("e");
  const [whole, part = ""] = mantissa.split(".");
  const places = FEMTO + Number(power || 0) - part.length;
  const digits = BigInt((whole + part) || "0");
  return places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
}

function dollars(amount) {
  const text = amount.toString().padStart(FEMTO + 1, "0");
  const whole = text.slice(0, -FEMTO), part = text.slice(-FEMTO).replace(/0+$/, "");
  return part ? `${whole}.${part}` : whole;
}

function splitmix64(seed, nth) {
  let z = (seed + BigInt(nth) * 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

function failure(type, code, message, metadata) {
  return { error: { message, type, param: type === "unknown_model" ? "model" : null, code, metadata } };
}

function weights(endpoints) {
  const known = endpoints.map((e) => e.price).filter((p) => p !== null);
  const positive = known.filter((p) => p > 0n).map(Number);
  const zero = positive.length ? Math.min(...positive) / 10 : 1;
  const values = endpoints.map((e) => (e.price === null ? null : e.price === 0n ? zero : Number(e.price)));
  const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = !sorted.length ? 1 : sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return new Map(endpoints.map((e, i) => [e.id, 1 / (values[i] === null ? median : values[i])]));
}

const byId = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

function drawn(endpoints, place, draw) {
  const weight = weights(endpoints);
  const plan = [];
  let left = [...endpoints];
  while (left.length) {
    const best = left.map(place).reduce((a, b) => (a[0] - b[0] || a[1] - b[1]) <= 0 ? a : b);
    const candidates = left.filter((e) => place(e)[0] === best[0] && place(e)[1] === best[1]);
    if (BUG !== "catalog_order") candidates.sort(byId);
    const total = candidates.reduce((sum, e) => sum + weight.get(e.id), 0);
    const u = Number(splitmix64(draw, BUG === "one_number" ? 1 : plan.length + 1) >> 11n) / 2 ** 53;
    let running = 0;
    const taken = candidates.find((e) => (running += weight.get(e.id)) > u * total) || candidates[candidates.length - 1];
    plan.push({ endpoint: taken, probability: weight.get(taken.id) / total });
    left = left.filter((e) => e !== taken);
  }
  return plan;
}

function relaxations(failed) {
  const wanted = failed.filter((rules) => !rules.includes("disabled"));
  const minimal = [];
  for (let size = 1; size <= LIFTABLE.length; size++) {
    for (let bits = 1; bits < 1 << LIFTABLE.length; bits++) {
      const lifted = LIFTABLE.filter((_, i) => bits & (1 << i));
      if (lifted.length !== size || minimal.some((one) => one.every((rule) => lifted.includes(rule)))) continue;
      if (wanted.some((rules) => rules.every((rule) => lifted.includes(rule)))) minimal.push(lifted);
    }
  }
  const key = (rules) => JSON.stringify([...rules].sort());
  return minimal.sort((a, b) => a.length - b.length || (key(a) < key(b) ? -1 : 1)).slice(0, 5);
}

function decide(scenario, draw) {
  const body = scenario.request, block = body.provider || {};
  const given = (key) => (block[key] || []).map((slug) => slug.toLowerCase());
  const order = given("order"), only = given("only"), ignore = given("ignore");
  const all = scenario.catalog.endpoints.map((row) => {
    const provider = row.provider.toLowerCase(), slug = (row.slug || row.provider).toLowerCase(), pricing = row.pricing || {};
    const prompt = femto(pricing.prompt), completion = femto(pricing.completion);
    const price = prompt === null || completion === null ? null : 3000n * prompt + 1000n * completion;
    return { id: `${row.model}@${slug}`, model: row.model, provider, slug, price, disabled: row.disabled === true };
  });
  const known = new Set(all.map((e) => e.model));
  const named = [];
  const note = (name, path) => named.some(([n]) => n === name) || named.push([name, path]);
  if (body.model) note(body.model, "model");
  if (typeof body.models === "string") note(body.models, "models");
  else (body.models || []).forEach((name, i) => note(name, `models[${i}]`));
  const models = named.map(([name]) => name).filter((name) => known.has(name));
  if (!models.length) return failure("unknown_model", 404, "the catalog has no such model", { near: [] });

  const warnings = typeof body.models === "string" ? [{ code: "models_as_string", path: "models", message: "taken as a list of one" }] : [];
  named.filter(([name]) => !known.has(name)).forEach(([, path]) => warnings.push({ code: "unknown_model", path, message: "not in the catalog" }));
  const asked = all.filter((e) => models.includes(e.model));
  const matches = (slug, e) => slug === e.provider || slug === e.slug;
  const inList = (list, e) => list.some((slug) => matches(slug, e));
  for (const key of ["order", "only", "ignore"])
    given(key).forEach((slug, i) => asked.some((e) => matches(slug, e)) || warnings.push({ code: "unmatched_slug", path: `provider.${key}[${i}]`, message: slug }));

  const closed = block.allow_fallbacks === false;
  const fails = {
    disabled: (e) => e.disabled,
    only: (e) => only.length > 0 && !inList(only, e),
    ignore: (e) => (BUG === "ignore_variants" ? ignore.includes(e.slug) : inList(ignore, e)),
    fallbacks_disabled: (e) => closed && order.length > 0 && !inList(order, e),
  };
  const failed = asked.map((e) => RULES.filter((rule) => fails[rule](e)));
  const rejections = asked.map((e, i) => ({ endpoint: e.id, rules: failed[i], details: failed[i] })).filter((r) => r.rules.length);
  const funnel = [{ rule: "catalog", left: asked.length }];
  for (const rule of RULES) {
    const removed = failed.filter((rules) => rules[0] === rule).length;
    if (removed) funnel.push({ rule, left: funnel[funnel.length - 1].left - removed });
  }
  const eligible = asked.filter((_, i) => !failed[i].length);
  if (!eligible.length) return failure("no_eligible_endpoint", 503, "nobody is left", { funnel, rejections, relaxations: relaxations(failed), warnings });

  const position = (e) => { const i = order.findIndex((slug) => matches(slug, e)); return i < 0 ? order.length : i; };
  const place = (e) => [models.indexOf(e.model), position(e)];
  const amount = (e) => (e.price === null ? 10n ** 60n : e.price);
  const sorted = [...eligible].sort((a, b) => {
    const [x, y] = [place(a), place(b)];
    return x[0] - y[0] || x[1] - y[1] || (amount(a) < amount(b) ? -1 : amount(a) > amount(b) ? 1 : byId(a, b));
  });
  let plan = block.sort === "price" ? sorted.map((endpoint) => ({ endpoint, probability: 1 })) : drawn(eligible, place, draw);
  if (closed && !order.length) plan = plan.filter((one, i) => plan.findIndex((other) => other.endpoint.model === one.endpoint.model) === i);
  if (BUG === "cut_the_last" && plan.length > 2) plan.pop();
  return {
    attempts: plan.map(({ endpoint: e, probability }) => ({
      endpoint: e.id, model: e.model, provider: e.provider, slug: e.slug, credential: "shared", key_id: null, service_tier: "default",
      probability, expected_price: e.price === null ? null : dollars(e.price),
    })),
    rejections, funnel, strategy: block.sort === "price" ? "sort:price" : "balance",
    sticky: { status: "none", reason: null }, panic: false, warnings, draw: "DRAW",
  };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  // A draw has 64 bits, a number of JavaScript 53: it is taken from the text, and put back into it.
  const digits = (/"draw": ?(\d+)/.exec(line) || [null, "0"])[1];
  const answer = decide(JSON.parse(line), BigInt(digits));
  process.stdout.write(`${JSON.stringify(answer).replace('"draw":"DRAW"', `"draw":${digits}`)}\n`);
});
