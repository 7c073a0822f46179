"""The studio: a local page, and the JSON API behind it. It keeps nothing: every reply is a function of recipes.

service      what the page can do: map, render, vary, blend, morph, match, invert, analyse, nearest, file, kit
recipes   a recipe as it comes in, and the kick it renders
replies   kicks -> one binary reply: cards and samples
routes    the API's paths; OpenAPI is at /api/openapi.json
files     the page's files, in memory
guard     who may call, and how much
serve     the server, on 127.0.0.1 only
site      the page as a static folder that plays the model in the browser
page/     the page itself: ES modules, Web Audio, Canvas; nothing is built and nothing is fetched from elsewhere
"""
