"""Every service of the shop with every safeguard on, for tests of what harms it."""

from __future__ import annotations

WHOLE_SHOP = """
playbook: whole-shop
title: A whole shop, harmed
lesson: Whether its laws hold is what is tried.
services:
  user: {}
  inventory: { stock: { BOOK-001: 100000 } }
  pricing: {}
  bank: { service_time: 20ms, rate: none }
  payment: { calls: { bank: { timeout: 200ms } } }
  broker: { visibility: 300ms }
  shipping: { service_time: 2ms, calls: { broker: { timeout: 200ms } } }
  order:
    compensation: durable
    outbox: true
    calls:
      user: { timeout: 200ms }
      inventory: { timeout: 200ms }
      pricing: { timeout: 200ms }
      payment: { timeout: 200ms, retry: { attempts: 2 } }
      broker: { timeout: 200ms }
load:
  shoppers:
    request: POST order /api/orders
    json: { productId: BOOK-001, quantity: 1, customerId: CUST-1 }
    rate: 30/s
    timeout: 3s
faults:
  - { name: unpaid, at: 500ms, for: 1s, drop: order -> payment, what: reply, probability: 40% }
  - { name: unpriced, at: 500ms, for: 1s, drop: order -> pricing, what: request, probability: 40% }
  - { name: untold, at: 1500ms, for: 1s, drop: order -> broker, what: request, probability: 40% }
  - { name: told-twice, at: 2500ms, for: 1s, drop: order -> broker, what: reply, probability: 40% }
  - { name: unheard, at: 1500ms, for: 1s, drop: shipping -> broker, what: request, probability: 40% }
lasts: 5s
expect:
"""
